"""
What operators on quantised values compute: integers of 8 bits that stand for numbers.

Such a value knows its ``Quantisation``. Sums are exact, in 32 bits; they become 8 bits again by
one rule, which gives the same bytes on every machine and is that of ONNX Runtime's QLinearConv::

    y = clamp(round(float32(sum) * multiplier) + zero point)

where the multiplier is a float32 and ``round`` takes halves to the even integer. With the scales
s of each value, n the pixels of a window, and x an integer less its zero point:

- ``QConv``, ``QMatMul`` (x, weights, bias): sum of products plus bias, times (sx * sw) / sy;
- ``QMul`` (a, b): a * b, times (sa * sb) / sy;
- ``QAdd`` (a, b): float32(a) * (sa / sy) + float32(b) * (sb / sy), each rounded to float32;
- ``QAveragePool``, ``QGlobalAveragePool`` (x): sum, times (sx / sy) / n;
- ``QResize`` (x): of the pixels left, right of a place, l * (1 - f) + r * f, and the same of what
  that is above and below it, times sx / sy; each product and sum is rounded to float32;
- ``QMaxPool`` (x): the maximum; input and output have one quantisation;
- ``Requantise`` (x): x, times sx / sy;
- ``Lookup`` (x, table): the byte of a table, at the place of x as an unsigned byte.

Weights are int8 with zero point 0 and a scale for each output channel or one for all; biases are
int32 with the scale sx * sw. A QConv or QMatMul may have a fused Relu or Clip: it limits the
result to the integers that stand for its bounds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edge_compiler.ir.dtype import Quantisation
from edge_compiler.ir.graph import Node, Value

Array = np.ndarray[Any, Any]


def quantisation_of(value: Value) -> Quantisation:
    """Return what the integers of a quantised value stand for."""
    if value.quantisation is None:
        raise ValueError(f"{value.name} is not quantised")
    return value.quantisation


def scale_of(value: Value) -> Array:
    """Return the scales of a quantised value, as float32."""
    return np.array(quantisation_of(value).scale, np.float32)


def zero_point_of(value: Value) -> int:
    """Return the zero point of a value that has one for all of it."""
    (zero,) = quantisation_of(value).zero_point
    return zero


def multipliers(node: Node) -> Array:
    """
    Return the float32 that sums are multiplied by: one for each output channel, or one for all.

    For QAdd, return one for each operand.
    """
    out = scale_of(node.output)
    if node.op == "QAdd":
        return np.concatenate([scale_of(node.input(index)) for index in (0, 1)]) / out
    scale = scale_of(node.input(0))
    if node.op in ("QConv", "QMatMul", "QMul"):
        scale = scale * scale_of(node.input(1))
    return scale / out


def limits(node: Node) -> tuple[int, int]:
    """Return the least and the largest integer that a node may yield."""
    info, activation = np.iinfo(node.output.type.numpy), node.fused.activation
    low, high = int(info.min), int(info.max)
    if activation is None:
        return low, high
    bounds = (0.0, np.inf) if activation.op == "Relu" else activation.pair
    first, last = (int(x) for x in quantise(np.array(bounds), node.output))
    return max(low, first), min(high, last)


def quantise(numbers: Array, value: Value) -> Array:
    """Return the integers that stand for numbers in a quantised value, as QuantizeLinear."""
    info = np.iinfo(value.type.numpy)
    rounded = np.rint(numbers.astype(np.float32) / scale_of(value)) + zero_point_of(value)
    clipped: Array = np.clip(rounded, info.min, info.max).astype(value.type.numpy)
    return clipped


def all_numbers(value: Value) -> Array:
    """Return what the 256 integers of a quantised value stand for, by their unsigned bytes."""
    integers = np.arange(256, dtype=np.uint8).view(value.type.numpy).astype(np.float32)
    numbers: Array = (integers - np.float32(zero_point_of(value))) * scale_of(value)
    return numbers


def largest_sum(weights: Array, bias: Array) -> int:
    """Return a bound on sums over weights (out, ...) times bytes less their zero point."""
    rows = np.abs(weights.astype(np.int64)).reshape(len(weights), -1).sum(1)
    return int((255 * rows + np.abs(bias.astype(np.int64))).max())
