"""Recognise LayerNormalization in the nodes that it was exported as before opset 17."""

from __future__ import annotations

from collections.abc import Iterator

from edge_compiler.ir.graph import Graph, Node
from edge_compiler.passes.base import Decision, graph_pass
from edge_compiler.passes.pattern import Input, Match, op, Operation, rewrite, Rule

X, AXES, SQUARED_AXES = map(Input, ("x", "axes", "squared axes"))
EPSILON, SCALE, SHIFT = map(Input, ("epsilon", "scale", "shift"))
_CENTRED = X - op.ReduceMean(X, AXES, keepdims=1)
_SQUARE = _CENTRED**2 | _CENTRED * _CENTRED
_DEVIATION = op.Sqrt(op.ReduceMean(_SQUARE, SQUARED_AXES, keepdims=1) + EPSILON)


def _axes(match: Match, name: str = "axes") -> list[int]:
    """Return the axes of a mean, from the first on; none if they are computed."""
    data, rank = match.values[name].constant, len(match.values["x"].shape)
    return [] if data is None else sorted(int(axis) % rank for axis in data.ravel())


def _why_not(node: Node, match: Match) -> str | None:
    x, epsilon, axes = match.values["x"], match.values["epsilon"].constant, _axes(match)
    if epsilon is None or epsilon.size != 1:
        return "what is added to the variance is no number"
    last = list(range(len(x.shape) - len(axes), len(x.shape)))
    if not axes == last == _axes(match, "squared axes") or not axes:
        return "it does not normalise the last dimensions"
    for name in ("scale", "shift"):
        if match.values[name].shape != x.shape[axes[0] :]:
            return f"the {name} has another shape than what is normalised"
    return None


def _layer_norm(match: Match) -> Operation:
    epsilon, axes = match.values["epsilon"].constant, _axes(match)
    number = 0.0 if epsilon is None else float(epsilon.flat[0])
    axis = axes[0] if axes else -1
    return op.LayerNormalization(X, SCALE, SHIFT, axis=axis, epsilon=number, stash_type=1)


RULE = Rule(_CENTRED / _DEVIATION * SCALE + SHIFT, _layer_norm, _why_not)


@graph_pass("recognise-layer-normalization")
def recognise_layer_norm(graph: Graph) -> Iterator[Decision]:
    """Recognise LayerNormalization in the arithmetic of means that it is."""
    yield from rewrite(graph, (RULE,))
