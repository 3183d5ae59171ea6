"""Products of bytes whose sums are only read as floats, times a scale that may be computed."""

from __future__ import annotations

from collections.abc import Iterator

from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.passes.base import absorb, Decision, done, graph_pass, kept
from edge_perception.runtime.dtypes import FLOAT32

_CHANNELS = {"ConvInteger": 1, "MatMulInteger": -1}
"""By operator, the axis of its output channels."""


@graph_pass("scale-sums")
def scale_sums(graph: Graph) -> Iterator[Decision]:
    """Let a product of bytes yield floats, times the scale that alone follows it."""
    for node in list(graph.nodes):
        if node.op not in _CHANNELS:
            continue
        cast = graph.sole_consumer(node.output)
        scaling = graph.sole_consumer(cast.output) if cast and cast.op == "Cast" else None
        if cast is None or scaling is None or scaling.op != "Mul":
            yield kept(node, "yields integers: no scale alone follows it")
            continue
        left, right = scaling.input(0), scaling.input(1)
        scale = right if left is cast.output else left
        if reason := _why_not(node, cast, scaling, scale):
            yield kept(node, f"yields integers: {reason}")
            continue
        graph.remove(node)
        graph.insert_before(scaling, node)  # the scale may be computed after it
        zero = node.inputs[2] if len(node.inputs) > 2 else None
        node.inputs = (*node.inputs[:2], zero, scale)
        for follower in (cast, scaling):
            absorb(graph, node, follower)
        yield done(node, f"yields floats, times '{scale.name}'")


def _why_not(node: Node, cast: Node, scaling: Node, scale: Value) -> str | None:
    shape, axis = node.output.shape, _CHANNELS[node.op] % len(node.output.shape)
    if cast.output.type != FLOAT32 or scaling.output.shape != shape:
        return "it is scaled to another type or shape"
    aligned = (*(1,) * (len(shape) - len(scale.shape)), *scale.shape)
    if scale.size != 1 and not aligned[axis] == scale.size == shape[axis]:
        return f"'{scale.name}' is no scale for each channel"
    return None
