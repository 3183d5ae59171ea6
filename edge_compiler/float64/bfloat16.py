"""What steps round to bfloat16, where a processor multiplies pairs of such numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from edge_compiler.float64.exact import Array, CERTAINTY, Exact, UNIT
from edge_compiler.ir.graph import Node
from edge_perception.runtime.manifest import Model, OPERANDS, POINTS

_LAYERS = ("Conv",)
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
    if node.op not in _LAYERS or not m:
        return output
    x, w, bias = (*inputs, None)[:3]
    assert x is not None
    assert w is not None
    into, kernel, out = _TRANSFORMS[m]
    points, unsure_points = _rounded_points(_patches(node, x.value, m), into)
    weights, unsure_weights = _rounded_points(w.value.transpose(2, 3, 0, 1), kernel)
    sizes, weight_sizes = np.abs(points), np.abs(weights)
    value = _results(node, weights @ points, out)
    size = _results(node, weight_sizes @ sizes, np.abs(out))
    most = _results(node, (weight_sizes + unsure_weights) @ (sizes + unsure_points), np.abs(out))
    if bias is not None:
        value += bias.value[:, None, None]
    # `Exact.allowed` multiplies by these
    more = (most - size) / (CERTAINTY * np.sqrt(output.depth) * UNIT)
    return Exact(value, np.maximum(output.size, size) + more, output.depth)


def _patches(node: Node, x: Array, m: int) -> Array:
    """Return what tiles of m x m results read: [row][column][channel][tile]."""
    height, width = node.output.shape[2:]
    top, left = node.attributes["pads"][:2]
    tiles = (-(-height // m), -(-width // m))
    edges = [
        (before, max(0, count * m + 2 - before - size))
        for before, count, size in zip((top, left), tiles, x.shape[2:], strict=True)
    ]
    padded = np.pad(x, [(0, 0), (0, 0), *edges])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (m + 2, m + 2), (2, 3))
    windows = windows[:, :, : tiles[0] * m : m, : tiles[1] * m : m]
    patches: Array = windows.transpose(4, 5, 1, 0, 2, 3).reshape(m + 2, m + 2, x.shape[1], -1)
    return patches


def _both_ways(array: Array, matrix: Array) -> Array:
    """Transform the first two axes."""
    once = np.tensordot(matrix, array, (1, 0))
    both: Array = np.moveaxis(np.tensordot(matrix, once, (1, 1)), 0, 1)
    return both


def _rounded_points(array: Array, matrix: Array) -> tuple[Array, Array]:
    """Return the rounded transform of the first two axes, and how far each may be from that."""
    points = _both_ways(array, matrix)
    error = _ROUNDINGS * UNIT * _both_ways(np.abs(array), np.abs(matrix))
    low, nearest, high = (rounded(points + off) for off in (-error, 0, error))
    return nearest, np.maximum(high - nearest, nearest - low)


def _results(node: Node, products: Array, out: Array) -> Array:
    """Transform products of points back: [row][column][channel][tile] to an image."""
    images, channels, height, width = node.output.shape
    m = len(out)
    rows, columns = -(-height // m), -(-width // m)
    tiles = _both_ways(products, out).reshape(m, m, channels, images, rows, columns)
    whole: Array = tiles.transpose(3, 2, 4, 0, 5, 1).reshape(
        images, channels, rows * m, columns * m
    )
    return whole[:, :, :height, :width]


def _transforms(points: Sequence[float], m: int) -> tuple[Array, Array, Array]:
    """
    Return the matrices of F(m, 3) by these points and infinity, for input, kernel and results.

    A polynomial product is known by its values at m + 1 points and its highest coefficient.
    """
    count = m + 2
    into, kernel, out = np.zeros((count, count)), np.zeros((count, 3)), np.zeros((m, count))
    for row, point in enumerate(points):
        others = [other for other in points if other != point]
        into[row, : m + 1] = np.poly(others)[::-1]
        kernel[row] = point ** np.arange(3) / np.prod(point - np.array(others))
        out[:, row] = point ** np.arange(m)
    into[-1] = np.poly(points)[::-1]
    kernel[-1, -1] = out[-1, -1] = 1
    return into, kernel, out


_TRANSFORMS = {2: _transforms((0, 1, -1), 2), 4: _transforms((0, 0.75, -0.75, 1.5, -1.5), 4)}
