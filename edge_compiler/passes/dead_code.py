"""Drop what nobody reads."""

from __future__ import annotations

from collections.abc import Iterator

from edge_compiler.ir.graph import Graph
from edge_compiler.ops import is_variadic
from edge_compiler.passes.base import Decision, done, graph_pass


@graph_pass("drop-dead-code")
def drop_dead_code(graph: Graph) -> Iterator[Decision]:
    """
    Drop nodes that no output depends on, and trailing outputs that nobody reads.

    What has as many outputs as its node says, as Split has, keeps them all.
    """
    used = set(graph.outputs)
    for node in reversed(list(graph.nodes)):
        if used.isdisjoint(node.outputs):
            graph.remove(node)
            yield done(node, "no output of the model depends on it")
            continue
        used.update(node.reads())
        last = max(i for i, value in enumerate(node.outputs) if value in used)
        if last + 1 < len(node.outputs) and not is_variadic(node):
            node.outputs = node.outputs[: last + 1]
