"""Operators that yield integers or bools, or read them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edge_compiler.float64.exact import Array, Exact
from edge_compiler.float64.table import Call, exactly, exactly_all, reference
from edge_compiler.float64.windows import convolve
from edge_perception.runtime.dtypes import BOOL, ElementType, INT64

_NEAREST = 1e-30
"""To the middle between two integers, where what an error may do stops to grow."""

_FUNCTIONS: dict[str, Callable[..., Array]] = {
    "Equal": np.equal,
    "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal,
    "Less": np.less,
    "LessOrEqual": np.less_equal,
    "And": np.logical_and,
    "Or": np.logical_or,
    "Xor": np.logical_xor,
    "Not": np.logical_not,
    "IsNaN": np.isnan,
    "BitwiseAnd": np.bitwise_and,
    "BitwiseOr": np.bitwise_or,
    "BitwiseXor": np.bitwise_xor,
}


@exactly(*_FUNCTIONS)
def _function(call: Call) -> Exact:
    values = (x.value for x in call.inputs if x is not None)
    return Exact.of(_FUNCTIONS[call.node.op](*values))


@exactly("Where")
def _where(call: Call) -> Exact:
    condition, yes, no = call.x.value, call.input(1), call.input(2)
    value, size = (np.where(condition, getattr(yes, x), getattr(no, x)) for x in ("value", "size"))
    return Exact(value, size, call.depth)


@exactly("ArgMax", "ArgMin", "IsInf", "BitShift")
def _of_reference(call: Call) -> Exact:
    return Exact.of(reference(call.node, [x.value for x in call.inputs if x is not None])[0])


@exactly("Mod")
def _remainder(call: Call) -> Exact:
    a, b = call.input(0), call.input(1)
    (value,) = reference(call.node, [a.value, b.value])
    if value.dtype.kind != "f":
        return Exact.of(value)
    # an error that reaches a multiple of the divisor is magnified to it
    divisor, turns = np.abs(b.value), np.abs(np.trunc(a.value / b.value))
    gap = np.minimum(np.abs(value), divisor - np.abs(value))
    size = (a.size + turns * b.size) * (1 + divisor / np.maximum(gap, _NEAREST))
    return Exact(value, size, call.depth + 1)


@exactly("Cast")
def _cast(call: Call) -> Exact:
    x, type_ = call.x, call.node.output.type
    if type_.is_float and x.value.dtype.kind == "f":
        return x
    if type_.is_float:
        value = x.value.astype(np.float64)
        return Exact(value, np.abs(value), 1)
    return Exact.of(_as_integers(x.value, type_))


def _as_integers(value: Array, type_: ElementType) -> Array:
    """
    Return numbers as integers or bools.

    ONNX leaves open what becomes of a float that doesn't fit: ``kernels/cast.h`` says what we make
    of it.
    """
    if type_ == BOOL:
        return np.not_equal(value, 0)
    if value.dtype.kind == "f":
        end = 2.0 ** (63 if type_.bytes > 4 or type_.name == "uint32" else 31)
        value = np.where((value >= -end) & (value < end), np.trunc(value), -end).astype(
            INT64.numpy
        )
    return value.astype(type_.numpy)


@exactly_all("TopK")
def _topk(call: Call) -> list[Exact]:
    count = call.input(1).value
    values, indices = reference(call.node, [call.x.value, count])
    size = np.take_along_axis(call.x.size, indices, call.attribute("axis"))
    return [Exact(values, size, call.depth), Exact.of(indices)]


def _scale_and_zero(call: Call) -> tuple[Array, Array]:
    """Return the scales and zero points of a quantisation, as they are repeated."""
    rank = max(call.x.value.ndim, 1)
    column = [1] * rank
    column[call.attribute("axis") % rank] = -1
    given = (call.input(1), call.optional(2) or Exact.of(np.zeros(1)))
    scale, zero = (
        x.value.astype(np.float64).reshape(column if x.value.size > 1 else ()) for x in given
    )
    return scale, zero


@exactly("QuantizeLinear")
def _quantise(call: Call) -> Exact:
    """Return integers as float64: near the middle between two, an error decides for either."""
    type_ = call.node.output.type.numpy
    scale, zero = _scale_and_zero(call)
    x = call.x.value / scale
    least, most = np.iinfo(type_).min, np.iinfo(type_).max
    value = np.clip(np.rint(x) + zero, least, most)
    size = (call.x.size / np.abs(scale) + np.abs(x)) / _to_middle(x)
    return Exact(value, size, call.depth + 2)


@exactly_all("DynamicQuantizeLinear")
def _quantise_by_range(call: Call) -> list[Exact]:
    """Return integers as float64, as QuantizeLinear does, with scale and zero point."""
    x, depth = call.x, call.depth + 4
    low, high = x.value.min(initial=0), x.value.max(initial=0)
    scale = np.array((high - low) / 255 if high > low else 1.0)
    place = -low / scale
    zero = np.rint(place)
    numbers = x.value / scale
    value = np.clip(np.rint(numbers) + zero, 0, 255)
    ends = x.size.max(initial=0) / scale
    of_zero = np.array(ends / _to_middle(place))
    size = (x.size / scale + np.abs(numbers) * ends / 255) / _to_middle(numbers) + of_zero
    return [
        Exact(value, size, depth),
        Exact(scale, np.array(ends * scale / 255 + scale), depth),
        Exact(np.array(zero), of_zero, depth),
    ]


def _to_middle(x: Array) -> Array:
    """Return how far numbers are from the middle between two integers."""
    return np.maximum(np.abs(x - np.floor(x) - 0.5), _NEAREST)


@exactly("ConvInteger", "MatMulInteger")
def _sums_of_bytes(call: Call) -> Exact:
    x, w, zero = call.x, call.input(1), call.optional(2) or Exact.of(np.zeros(1))

    def product(bytes_: Array, weights: Array) -> Array:
        if call.node.op == "MatMulInteger":
            return np.asarray(bytes_ @ weights)
        return convolve(call.node, bytes_, weights, np.zeros(1))

    weights = w.value.astype(np.float64)
    value = product(x.value.astype(np.float64) - zero.value, weights)
    if x.value.dtype.kind != "f":
        return Exact.of(value.astype(np.int32))
    return Exact(value, product(x.size + zero.size, np.abs(weights)), call.depth)


@exactly("DequantizeLinear")
def _dequantise(call: Call) -> Exact:
    scale, zero = _scale_and_zero(call)
    value = (call.x.value.astype(np.float64) - zero) * scale
    own = call.x.size if call.x.value.dtype.kind == "f" else np.zeros(value.shape)
    return Exact(value, own * np.abs(scale) + np.abs(value), call.depth + 2)
