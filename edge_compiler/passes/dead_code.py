"""Drop what nobody reads."""

from __future__ import annotations

from collections.abc import Iterator

from edge_compiler.ir.graph import Graph
from edge_compiler.passes.base import Decision, done, graph_pass


@graph_pass("drop-dead-code")
def drop_dead_code(graph: Graph) -> Iterator[Decision]:
    """Drop nodes that no output depends on, and trailing outputs that nobody reads."""
    used = {id(value) for value in graph.outputs}
    for node in reversed(list(graph.nodes)):
        if not any(id(value) in used for value in node.outputs):
            graph.nodes.remove(node)
            yield done(node, "no output of the model depends on it")
            continue
        used.update(id(value) for value in node.reads())
        while id(node.outputs[-1]) not in used:
            node.outputs.pop()
