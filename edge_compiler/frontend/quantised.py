"""Operators on integers that stand for numbers, and exact sums of products of integers."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontend.writer import Writer

_Array = np.ndarray[Any, Any]
_EXACT = 2**24
"""Below it, float32 has all integers."""
_LARGEST = 255
"""Of what a byte is away from its zero point."""


def dequantised(w: Writer, index: int, axis: int = 1) -> str:
    """Return the numbers that an input, followed by its scale and zero point, stands for."""
    return w.add("DequantizeLinear", *w.inputs[index : index + 3], axis=axis)


def write_qlinear_matmul(w: Writer) -> str:
    """Write a product of quantised matrices as one of the numbers that they stand for."""
    for index in (1, 2):
        if w.value(index).size > 1:
            raise CompileError(
                f"node '{w.name}' (QLinearMatMul) has a scale for each row: "
                "quantise it with one scale for the left matrix"
            )
    right = dequantised(w, 3, len(w.value(3).shape) - 1)
    return w.add("QuantizeLinear", w.add("MatMul", dequantised(w, 0), right), *w.inputs[6:8])


def write_qlinear_conv(w: Writer) -> str:
    """Write a quantised convolution as one of the numbers that it stands for."""
    operands = [dequantised(w, 0), dequantised(w, 3, 0)]
    if len(w.inputs) > 8 and w.inputs[8]:
        scale = w.constant(w.known(1) * w.known(4))
        operands.append(w.add("DequantizeLinear", w.inputs[8], scale, axis=0))
    total = w.add("Conv", *operands, **w.attributes)
    return w.add("QuantizeLinear", total, *w.inputs[6:8])


def write_matmul_integer(w: Writer) -> str | None:
    """Write a product of matrices of bytes: with weights of int8, or of floats."""
    if _is_plain(w) and w.is_fixed(1) and w.content(1) is None:
        return None  # written below, and too large to be known before constants are folded
    small = _small_weights(w, (-1,), (0,)) if len(w.value(1).shape) == 2 else None
    if small is not None:
        return _of_small_weights(w, *small)
    rows = (-1, 1) if len(w.value(0).shape) > 1 else None
    axes = len(w.value(0).shape) - 1, max(len(w.value(1).shape) - 2, 0)
    operands = _centred(w, 0, 2, rows), _centred(w, 1, 3)
    return _exact(w, "MatMul", operands, axes, _share(_sizes(w, (-1,)), axes[1]))


def write_conv_integer(w: Writer) -> str | None:
    """Write a convolution of bytes: with weights of int8, or of floats."""
    if _is_plain(w) and w.is_fixed(1) and w.content(1) is None:
        return None  # written below, and too large to be known before constants are folded
    shape = w.value(1).shape
    column = (-1, *(1,) * (len(shape) - 1))
    small = _small_weights(w, column, tuple(range(1, len(shape)))) if len(shape) < 5 else None
    if small is not None:
        return _of_small_weights(w, *small)
    operands = _centred(w, 0, 2), _centred(w, 1, 3, column)
    share = _share(_sizes(w, column).reshape(*shape[:2], -1).sum(2), 1)
    if share < shape[1] and w.attributes.get("group", 1) > 1:
        raise CompileError(
            f"node '{w.name}' ({w.op}) adds up {int(np.prod(shape[1:]))} products of integers in "
            "each group, which float32 can't do exactly: export it with QLinear operators or in "
            "float32"
        )
    return _exact(w, "Conv", operands, (1, 1), share, **w.attributes)


def _small_weights(
    w: Writer, column: tuple[int, ...], terms: tuple[int, ...]
) -> tuple[_Array, _Array] | None:
    """
    Return constant weights as int8, and what of each is missing: zero, or one number a channel.

    None: they are computed, or their sums may not fit into 32 bits.

    :param column: the shape of zero points for each output.
    :param terms: axes along which products are added up.
    """
    has_zero = len(w.inputs) > 3 and w.inputs[3]
    weights, zero = w.content(1), w.content(3) if has_zero else np.zeros(1, np.int8)
    one_for_all = len(w.inputs) < 3 or not w.inputs[2] or w.value(2).size == 1
    if weights is None or zero is None or not one_for_all:
        return None
    centred = weights.astype(np.int32) - zero.reshape(column if zero.size > 1 else (1,))
    high, low = (f(centred, terms, keepdims=True, initial=0) for f in (np.max, np.min))
    missing = np.maximum(high - 127, 0) + np.minimum(low + 128, 0)
    sums = (np.abs(centred - missing) + np.abs(missing)).sum(terms, dtype=np.int64)
    in_groups = bool(missing.any()) and w.attributes.get("group", 1) > 1
    if in_groups or sums.max(initial=0) * _LARGEST >= 2**31:
        return None
    return (centred - missing).astype(np.int8), missing


def _is_plain(w: Writer) -> bool:
    """Return whether weights are int8 without a zero point."""
    return w.value(1).type.numpy == np.int8 and len(w.inputs) < 4


def _of_small_weights(w: Writer, weights: _Array, missing: _Array) -> str | None:
    """Return the node with weights of int8 without a zero point; None if it is so already."""
    if _is_plain(w):
        return None

    def sums(of: _Array) -> str:
        return w.add(w.op, w.inputs[0], w.constant(of), *w.inputs[2:3], **w.attributes)

    if not missing.any():
        return sums(weights)
    ones = np.ones_like(weights[:, :1] if w.op == "MatMulInteger" else weights[:1])
    shape = missing.shape if w.op == "MatMulInteger" else (-1, *missing.shape[2:])
    factors = w.constant(missing.reshape(shape).astype(np.int32))
    return w.add("Add", sums(weights), w.add("Mul", sums(ones), factors))


def _centred(w: Writer, index: int, zero: int, column: tuple[int, ...] | None = None) -> str:
    """Return integers less their zero point, as floats."""
    x = w.add("Cast", w.inputs[index], to=onnx.TensorProto.FLOAT)
    if zero >= len(w.inputs) or not w.inputs[zero]:
        return x
    point = w.add("Cast", w.inputs[zero], to=onnx.TensorProto.FLOAT)
    if column is not None and w.value(zero).size > 1:
        point = w.add("Reshape", point, w.integers(column))
    return w.add("Sub", x, point)


def _sizes(w: Writer, column: tuple[int, ...]) -> _Array:
    """Return how far each element of the second input is from its zero point, at most."""
    weights, has_zero = w.content(1), len(w.inputs) > 3 and w.inputs[3]
    zero = w.content(3) if has_zero else np.zeros(1, np.uint8)
    if weights is None or zero is None:
        return np.broadcast_to(np.int32(_LARGEST), w.value(1).shape)
    column = column if zero.size > 1 else (1,)
    sizes: _Array = np.abs(weights.astype(np.int32) - zero.reshape(column))
    return sizes


def _share(sizes: _Array, axis: int) -> int:
    """
    Return how many places along an axis can be added up at once; 1 if even that is too much.

    So many that float32 has each such sum exactly, whatever the first input is.
    """
    terms: int = sizes.shape[axis]
    for shares in range(1, terms):
        share = -(-terms // shares)
        sums = np.add.reduceat(sizes, np.arange(0, terms, share), axis, dtype=np.int64)
        if int(sums.max()) * _LARGEST < _EXACT:
            return share
    return 1


def _exact(
    w: Writer,
    op: str,
    operands: tuple[str, str],
    axes: tuple[int, int],
    share: int,
    **attributes: Any,
) -> str:
    """Return the integers of a product that is added up in parts."""
    terms = w.value(1).shape[axes[1]]
    totals = []
    for start in range(0, terms, share):
        part = operands
        if share < terms:
            bounds = w.integers([start]), w.integers([start + share])
            part = tuple(  # type: ignore[assignment]
                w.add("Slice", x, *bounds, w.integers([axis]))
                for x, axis in zip(operands, axes, strict=True)
            )
        total = w.add("Round", w.add(op, *part, **attributes))
        totals.append(w.add("Cast", total, to=onnx.TensorProto.INT32))
    return reduce(lambda a, b: w.add("Add", a, b), totals)
