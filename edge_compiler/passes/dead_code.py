"""Drop what nobody reads."""

from __future__ import annotations

from collections.abc import Iterator

from edge_compiler.ir.graph import Graph
from edge_compiler.passes.base import Decision, done, graph_pass


@graph_pass("drop-dead-code")
def drop_dead_code(graph: Graph) -> Iterator[Decision]:
    """
    Drop nodes that no output depends on, and trailing outputs that nobody reads.

    Split keeps its outputs: there are as many as it has sizes.
    """
    used = set(graph.outputs)
    for node in reversed(list(graph.nodes)):
        if used.isdisjoint(node.outputs):
            graph.remove(node)
            yield done(node, "no output of the model depends on it")
            continue
        used.update(node.reads())
        last = max(i for i, value in enumerate(node.outputs) if value in used)
        if last + 1 < len(node.outputs) and node.op != "Split":
            node.outputs = node.outputs[: last + 1]
