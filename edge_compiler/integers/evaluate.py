"""
What each operator of quantised values computes, as ``ir/quantised.py`` defines it.

Sums are done in float64, which has all integers up to 2^53; each other operation rounds to float32
as it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from edge_compiler.float64.windows import convolve, shifted
from edge_compiler.ir.evaluate import evaluate as evaluate_onnx
from edge_compiler.ir.graph import Node
from edge_compiler.ir.proto import node_proto
from edge_compiler.ir.quantised import Array, limits, multipliers, zero_point_of
from edge_compiler.ir.resize import ends, windows

Rule = Callable[[Node, Sequence[Array]], Array]


def evaluate(node: Node, inputs: Sequence[Array | None]) -> Array:
    """Return what a node computes of quantised values, or moves of them."""
    if node.op in RULES:
        arrays = [array for array in inputs if array is not None]
        return RULES[node.op](node, arrays).reshape(node.output.shape)
    return np.asarray(evaluate_onnx(node_proto(node), inputs)[0])


def _centred(node: Node, inputs: Sequence[Array], index: int = 0) -> Array:
    """Return the integers of an input less its zero point."""
    return np.asarray(inputs[index].astype(np.float64) - zero_point_of(node.input(index)))


def _rounded(node: Node, numbers: Array) -> Array:
    """Return float32 as integers of the result."""
    assert numbers.dtype == np.float32
    zero, (low, high) = zero_point_of(node.output), limits(node)
    moved = np.rint(numbers) + np.float32(zero)
    return np.asarray(np.clip(moved, low, high).astype(node.output.type.numpy))


def _scaled(node: Node, sums: Array, multiplier: Array) -> Array:
    return _rounded(node, sums.astype(np.float32) * multiplier)


def _conv(node: Node, inputs: Sequence[Array]) -> Array:
    sums = convolve(node, _centred(node, inputs), inputs[1].astype(np.float64), inputs[2])
    return _scaled(node, sums, multipliers(node).reshape(-1, *[1] * (sums.ndim - 2)))


def _matmul(node: Node, inputs: Sequence[Array]) -> Array:
    sums = _centred(node, inputs) @ inputs[1].astype(np.float64) + inputs[2]
    return _scaled(node, sums, multipliers(node))


def _mul(node: Node, inputs: Sequence[Array]) -> Array:
    return _scaled(node, _centred(node, inputs) * _centred(node, inputs, 1), multipliers(node))


def _add(node: Node, inputs: Sequence[Array]) -> Array:
    a, b = (_centred(node, inputs, index).astype(np.float32) for index in (0, 1))
    by_a, by_b = multipliers(node)
    return _rounded(node, a * by_a + b * by_b)


def _requantise(node: Node, inputs: Sequence[Array]) -> Array:
    return _scaled(node, _centred(node, inputs), multipliers(node))


def _lookup(node: Node, inputs: Sequence[Array]) -> Array:
    return np.asarray(inputs[1].view(node.output.type.numpy)[inputs[0].view(np.uint8)])


def _resize(node: Node, inputs: Sequence[Array]) -> Array:
    x = _centred(node, inputs[:1]).astype(np.float32)
    for axis in (3, 2):
        first, last, part = zip(*(ends(window) for window in windows(node, axis)), strict=True)
        shape = [-1 if index == axis else 1 for index in range(4)]
        f = np.array(part, np.float32).reshape(shape)
        x = np.take(x, first, axis) * (np.float32(1) - f) + np.take(x, last, axis) * f
    return _rounded(node, x * multipliers(node))


def _max_pool(node: Node, inputs: Sequence[Array]) -> Array:
    lowest = np.iinfo(inputs[0].dtype).min
    windows = [pixels for _, pixels in shifted(node, inputs[0].astype(np.int64), lowest)]
    return np.asarray(np.max(windows, axis=0).astype(inputs[0].dtype))


def _average_pool(node: Node, inputs: Sequence[Array]) -> Array:
    x = _centred(node, inputs)
    sums = sum(pixels for _, pixels in shifted(node, x))
    counted = np.ones_like(x)
    if node.attributes.get("count_include_pad"):
        pads = node.attributes["pads"]
        edges = zip(pads[: len(pads) // 2], pads[len(pads) // 2 :], strict=True)
        counted = np.pad(counted, [(0, 0), (0, 0), *edges], constant_values=1)
        node = _without_pads(node)
    counts = sum(pixels for _, pixels in shifted(node, counted))
    return _scaled(node, np.asarray(sums), multipliers(node) / np.asarray(counts, np.float32))


def _without_pads(node: Node) -> Node:
    attributes = {**node.attributes, "pads": [0] * len(node.attributes["pads"])}
    return Node(node.op, node.name, node.inputs, node.outputs, attributes)


def _global_average(node: Node, inputs: Sequence[Array]) -> Array:
    x = _centred(node, inputs)
    sides = tuple(range(2, x.ndim))
    count = np.float32(x[0, 0].size)
    return _scaled(node, x.sum(axis=sides, keepdims=True), multipliers(node) / count)


RULES: dict[str, Rule] = {
    "QConv": _conv,
    "QMatMul": _matmul,
    "QMul": _mul,
    "QAdd": _add,
    "QMaxPool": _max_pool,
    "QAveragePool": _average_pool,
    "QGlobalAveragePool": _global_average,
    "QResize": _resize,
    "Requantise": _requantise,
    "Lookup": _lookup,
}
