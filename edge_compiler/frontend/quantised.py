"""Operators on integers that stand for numbers, and exact sums of products of integers."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontend.writer import Writer

_EXACT = 2**24
"""Below it, float32 has all integers."""
_LARGEST = 255
"""Of what a byte is away from its zero point."""


def dequantised(w: Writer, index: int, axis: int = 1) -> str:
    """Return the numbers that an input, followed by its scale and zero point, stands for."""
    return w.add("DequantizeLinear", *w.inputs[index : index + 3], axis=axis)


def write_dynamic_quantisation(w: Writer) -> tuple[str, str, str]:
    """
    Write the integers that numbers become by their own range, its scale and zero point.

    ONNX's own definition divides nothing by nothing where all numbers are zero; ONNX Runtime
    takes a scale of 1 there.
    """
    zero, one, most = (w.constant(np.float32(number)) for number in (0, 1, _LARGEST))
    low = w.add("Min", w.add("ReduceMin", w.inputs[0], keepdims=0), zero)
    high = w.add("Max", w.add("ReduceMax", w.inputs[0], keepdims=0), zero)
    span = w.add("Sub", high, low)
    scale = w.add("Where", w.add("Equal", span, zero), one, w.add("Div", span, most))
    place = w.add("Clip", w.add("Div", w.add("Neg", low), scale), zero, most)
    point = w.add("Cast", w.add("Round", place), to=onnx.TensorProto.UINT8)
    return w.add("QuantizeLinear", w.inputs[0], scale, point), scale, point


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


def write_matmul_integer(w: Writer) -> str:
    """Write a product of matrices of bytes."""
    rows = (-1, 1) if len(w.value(0).shape) > 1 else None
    axes = len(w.value(0).shape) - 1, max(len(w.value(1).shape) - 2, 0)
    operands = _centred(w, 0, 2, rows), _centred(w, 1, 3)
    return _exact(w, "MatMul", operands, axes, _share(_sizes(w, (-1,)), axes[1]))


def write_conv_integer(w: Writer) -> str:
    """Write a convolution of bytes."""
    shape = w.value(1).shape
    column = (-1, *(1,) * (len(shape) - 1))
    operands = _centred(w, 0, 2), _centred(w, 1, 3, column)
    share = _share(_sizes(w, column).reshape(*shape[:2], -1).sum(2), 1)
    if share < shape[1] and w.attributes.get("group", 1) > 1:
        raise CompileError(
            f"node '{w.name}' ({w.op}) adds up {int(np.prod(shape[1:]))} products of integers in "
            "each group, which float32 can't do exactly: export it with QLinear operators or in "
            "float32"
        )
    return _exact(w, "Conv", operands, (1, 1), share, **w.attributes)


def _centred(w: Writer, index: int, zero: int, column: tuple[int, ...] | None = None) -> str:
    """Return integers less their zero point, as floats."""
    x = w.add("Cast", w.inputs[index], to=onnx.TensorProto.FLOAT)
    if zero >= len(w.inputs) or not w.inputs[zero]:
        return x
    point = w.add("Cast", w.inputs[zero], to=onnx.TensorProto.FLOAT)
    if column is not None and w.value(zero).size > 1:
        point = w.add("Reshape", point, w.integers(column))
    return w.add("Sub", x, point)


def _sizes(w: Writer, column: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Return how far each element of the second input is from its zero point, at most."""
    weights, has_zero = w.content(1), len(w.inputs) > 3 and w.inputs[3]
    zero = w.content(3) if has_zero else np.zeros(1, np.uint8)
    if weights is None or zero is None:
        return np.broadcast_to(np.int32(_LARGEST), w.value(1).shape)
    column = column if zero.size > 1 else (1,)
    sizes: np.ndarray[Any, Any] = np.abs(weights.astype(np.int32) - zero.reshape(column))
    return sizes


def _share(sizes: np.ndarray[Any, Any], axis: int) -> int:
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
