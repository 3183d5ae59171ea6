"""Add the shortcut of a residual block inside the convolution."""

from __future__ import annotations

from collections.abc import Iterator

from edge_compiler.ir.graph import Fused, Graph, Node, Value
from edge_compiler.passes.base import absorb, Decision, done, graph_pass, kept


@graph_pass("fuse-residual")
def fuse_residual(graph: Graph) -> Iterator[Decision]:
    """Let a Conv add the other operand of the Add that alone reads its result."""
    for node in list(graph.nodes):
        if node.op != "Add" or node.inputs[0] is node.inputs[1]:
            continue
        refused = []
        for conv, other in _convolutions(graph, node):
            if reason := _why_not(graph, conv, other):
                refused.append(kept(node, f"not added by '{conv.name}': {reason}"))
                continue
            _compute_before(graph, other, conv, node)
            conv.fused = Fused(other)
            absorb(graph, conv, node)
            yield done(conv, f"adds '{other.name}' to its result")
            break
        else:
            yield from refused


def _convolutions(graph: Graph, add: Node) -> list[tuple[Node, Value]]:
    """Return each operand's Conv with the other operand, the Conv that runs last first."""
    left, right = add.input(0), add.input(1)
    pairs = ((graph.producer(left), right), (graph.producer(right), left))
    convs = [(conv, other) for conv, other in pairs if conv is not None and conv.op == "Conv"]
    if len(convs) == 2 and graph.precedes(convs[0][0], convs[1][0]):
        convs.reverse()
    return convs


def _why_not(graph: Graph, conv: Node, other: Value) -> str | None:
    if conv.fused.residual is not None or conv.fused.activation is not None:
        return "it adds or applies something already"
    if graph.sole_consumer(conv.output) is None:
        return "its result is used elsewhere too"
    if other.constant is not None:
        return "the other operand is a constant"
    if other.shape != conv.output.shape:
        return f"{list(other.shape)} would have to be broadcast to {list(conv.output.shape)}"
    return None


def _compute_before(graph: Graph, value: Value, conv: Node, add: Node) -> None:
    """Move ``conv`` to where ``add``, its sole reader, is if ``value`` isn't there before."""
    producer = graph.producer(value)
    if producer is not None and graph.precedes(conv, producer):
        graph.remove(conv)
        graph.insert_before(add, conv)
