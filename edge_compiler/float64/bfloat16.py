"""What steps round to bfloat16, where a processor multiplies pairs of such numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from edge_compiler.float64.exact import Array, CERTAINTY, Exact, UNIT
from edge_compiler.float64.winograd import both_ways, patches, results
from edge_compiler.ir.graph import Node
from edge_compiler.ir.winograd import TRANSFORMS
from edge_perception.runtime.manifest import Model, OPERANDS, POINTS

_LAYERS = ("Conv", "ConvTranspose")
"""In direct form; of the second, the convolution that makes its phases is computed so."""
_ROUNDINGS = 12
"""That a term of a point may meet, transformed along rows and columns in float32."""


def rounded(array: Array) -> Array:
    """Return the nearest numbers of bfloat16, the upper half of float32; of two the even one."""
    bits = array.astype(np.float32).view(np.uint32)
    nearest = (bits + 0x7FFF + (bits >> 16 & 1)) & np.uint32(0xFFFF0000)
    result: Array = nearest.view(np.float32).astype(np.float64)
    return result


def rounding_nodes(model: Model) -> dict[str, str]:
    """Return what a library rounds before it multiplies, by the name of the ONNX node."""
    return {name: step.rounds for step in model.steps if step.rounds for name in step.nodes}


def round_operands(
    node: Node, inputs: Sequence[Exact | None], rounding: Mapping[str, str]
) -> list[Exact | None]:
    """Return a node's inputs as it multiplies them: products of bfloat16 are exact in float32."""
    if node.op not in _LAYERS or rounding.get(node.name) != OPERANDS:
        return list(inputs)
    factors = [x and Exact(rounded(x.value), rounded(x.size), x.depth) for x in inputs[:2]]
    return [*factors, *inputs[2:]]


def round_points(
    node: Node, inputs: Sequence[Exact | None], output: Exact, rounding: Mapping[str, str]
) -> Exact:
    """
    Return what a node computes if it rounds the points of Winograd's method.

    Products of what was rounded are exact. But points are sums in float32: one that lies so near
    to the middle between two numbers of bfloat16 that such sums may fall on either side may have
    become either.
    """
    m = next((m for m, name in POINTS.items() if rounding.get(node.name) == name), 0)
    if node.op != "Conv" or not m:
        return output
    x, w, bias = (*inputs, None)[:3]
    assert x is not None
    assert w is not None
    into, kernel, out = TRANSFORMS[m]
    points, unsure_points = _rounded_points(patches(node, x.value, m), into)
    weights, unsure_weights = _rounded_points(w.value.transpose(2, 3, 0, 1), kernel)
    sizes, weight_sizes = np.abs(points), np.abs(weights)
    value = results(node, weights @ points, out)
    size = results(node, weight_sizes @ sizes, np.abs(out))
    most = results(node, (weight_sizes + unsure_weights) @ (sizes + unsure_points), np.abs(out))
    if bias is not None:
        value += bias.value[:, None, None]
    # `Exact.allowed` multiplies by these
    more = (most - size) / (CERTAINTY * np.sqrt(output.depth) * UNIT)
    return Exact(value, np.maximum(output.size, size) + more, output.depth)


def _rounded_points(array: Array, matrix: Array) -> tuple[Array, Array]:
    """Return the rounded transform of the first two axes, and how far each may be from that."""
    points = both_ways(array, matrix)
    error = _ROUNDINGS * UNIT * both_ways(np.abs(array), np.abs(matrix))
    low, nearest, high = (rounded(points + off) for off in (-error, 0, error))
    return nearest, np.maximum(high - nearest, nearest - low)
