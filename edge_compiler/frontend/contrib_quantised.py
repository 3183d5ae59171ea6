"""Operators of integers that ONNX Runtime's quantiser writes beside those of ONNX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontend.quantised import dequantised, write_qlinear_conv
from edge_compiler.frontend.recurrent import Direction, write_steps
from edge_compiler.frontend.writer import Writer

_LAST = "channels_last"
_SCALES = {1: 8, 2: 10}
"""Of an LSTM's weights by their index, each followed by its zero point."""


def _binary(w: Writer) -> str:
    total = w.add(w.op.removeprefix("QLinear"), dequantised(w, 0), dequantised(w, 3))
    return w.add("QuantizeLinear", total, *w.inputs[6:8])


def _unary(w: Writer) -> str:
    """Write a function or a pool; the channels may be the last axis."""
    op, rank = w.op.removeprefix("QLinear"), len(w.value(0).shape)
    how, x = dict(w.attributes), dequantised(w, 0)
    if last := how.pop(_LAST, 0):
        x = w.add("Transpose", x, perm=[0, rank - 1, *range(1, rank - 1)])
    x = w.add(op, x, **how)
    if last:
        x = w.add("Transpose", x, perm=[0, *range(2, rank), 1])
    return w.add("QuantizeLinear", x, *w.inputs[3:5])


def _softmax(w: Writer) -> str:
    shape, axis = w.value(0).shape, w.attributes.get("axis", -1) % len(w.value(0).shape)
    x = dequantised(w, 0)
    if w.attributes.get("opset", 13) < 13:  # all axes from this one on are one
        x = w.add("Softmax", w.add("Flatten", x, axis=axis), axis=-1)
        x = w.add("Reshape", x, w.integers(shape))
    else:
        x = w.add("Softmax", x, axis=axis)
    # ONNX Runtime computes in integers, with a whole number of steps in one
    step = w.constant(np.float32(1 / np.floor(1 / w.known(3))))
    return w.add("QuantizeLinear", x, step, *w.inputs[4:5])


def _concat(w: Writer) -> str:
    parts = [dequantised(w, index) for index in range(2, len(w.inputs), 3)]
    whole = w.add("Concat", *parts, axis=w.attributes["axis"])
    return w.add("QuantizeLinear", whole, *w.inputs[:2])


def _reduce_mean(w: Writer) -> str:
    axes = w.attributes.get("axes")
    given = [w.integers(axes)] if axes else []
    keep = w.attributes.get("keepdims", 1)
    mean = w.add("ReduceMean", dequantised(w, 0), *given, keepdims=keep)
    return w.add("QuantizeLinear", mean, *w.inputs[3:5])


def _conv(w: Writer) -> str:
    if w.attributes.pop(_LAST, 0):
        raise CompileError(
            f"node '{w.name}' ({w.op}) has its channels last: save the model before ONNX Runtime "
            "optimises it"
        )
    return write_qlinear_conv(w)


def _gemm(w: Writer) -> str:
    turned = w.attributes.get("transB", 0)
    operands = [dequantised(w, 0), dequantised(w, 3, 0 if turned else 1)]
    if len(w.inputs) > 6 and w.inputs[6]:
        scale = w.constant(w.known(1) * w.known(4) * np.float32(w.attributes.get("alpha", 1.0)))
        operands.append(w.add("DequantizeLinear", w.inputs[6], scale, axis=0))
    total = w.add("Gemm", *operands, **w.attributes)
    return w.add("QuantizeLinear", total, *w.inputs[7:9]) if len(w.inputs) > 7 else total


def product_of_integers(
    w: Writer, left: tuple[str, str, str], right: tuple[str, str, str], bias: str
) -> str:
    """Write a product of integers as floats; of each side the integers, scale and zero point."""
    zeros = [left[2], right[2]] if right[2] else [left[2]]
    whole = w.add("MatMulInteger", left[0], right[0], *zeros)
    number = w.add("Cast", whole, to=onnx.TensorProto.FLOAT)
    product = w.add("Mul", number, w.add("Mul", left[1], right[1]))
    return w.add("Add", product, bias) if bias else product


def _matmul_to_float(w: Writer) -> str:
    a, b, a_scale, b_scale, a_zero, b_zero, bias = (w.inputs + [""] * 7)[:7]
    zero = a_zero or w.constant(np.zeros((), w.value(0).type.numpy))
    return product_of_integers(w, (a, a_scale, zero), (b, b_scale, b_zero), bias)


def _dynamic_matmul(w: Writer) -> str:
    a, b, scale, zero, bias = (w.inputs + [""] * 5)[:5]
    return _dynamic_product(w, a, (b, scale, zero), bias)


def _dynamic_product(w: Writer, a: str, right: tuple[str, str, str], bias: str = "") -> str:
    """Write a product whose left side becomes integers first."""
    left = w.add_all("DynamicQuantizeLinear", a, outputs=3)
    return product_of_integers(w, (left[0], left[1], left[2]), right, bias)


class _DynamicDirection(Direction):
    """One direction of an LSTM whose inputs and states become integers before each product."""

    def _columns(self, index: int) -> str:
        return self._part(index)

    def _product(self, x: str, index: int) -> str:
        scale = _SCALES[index]
        zero = self._part(scale + 1) if self._w.inputs[scale + 1] else ""
        right = self._weights[index], self._part(scale), zero
        return _dynamic_product(self._w, x, right)


def _dynamic_lstm(w: Writer) -> tuple[str, ...]:
    w.op = "LSTM"
    results = write_steps(w, _DynamicDirection)
    if results is None:
        raise CompileError(
            f"node '{w.name}' (DynamicQuantizeLSTM) has sequences of several lengths, too many "
            "steps or other functions than usual: save the model before it is quantised"
        )
    return results


def _nbits(w: Writer) -> str:
    """Write a product with weights of a few bits, a scale for each block of a column's."""
    a = w.attributes
    if a.get("bits", 4) not in (4, 8) or (len(w.inputs) > 4 and w.inputs[4]):
        raise CompileError(
            f"node '{w.name}' ({w.op}) has weights of {a.get('bits', 4)} bits, or in another "
            "order: weights of 4 and 8 bits in their own order are supported"
        )
    rows, columns, block, bits = a["K"], a["N"], a["block_size"], a.get("bits", 4)
    blocks = -(-rows // block)
    weights = _unpacked(w.known(1).reshape(columns, blocks, -1), bits).astype(np.float32)
    scales = w.known(2).reshape(columns, blocks, 1)
    zero: Any = np.float32(1 << bits - 1)
    if len(w.inputs) > 3 and w.inputs[3]:
        zero = w.known(3)
        if zero.dtype == np.uint8:
            zero = _unpacked(zero.reshape(columns, -1), bits)[:, :blocks]
        zero = zero.reshape(columns, blocks, 1).astype(np.float32)
    numbers = ((weights - zero) * scales).reshape(columns, -1)[:, :rows]
    product = w.add("MatMul", w.inputs[0], w.constant(np.ascontiguousarray(numbers.T)))
    return w.add("Add", product, w.inputs[5]) if len(w.inputs) > 5 and w.inputs[5] else product


def _where(w: Writer) -> str:
    chosen = w.add("Where", w.inputs[0], dequantised(w, 1), dequantised(w, 4))
    return w.add("QuantizeLinear", chosen, *w.inputs[7:9])


def _gather_of_blocks(w: Writer) -> str:
    """Write a Gather from a table of few bits, a scale for each block of a row's."""
    a, table, scales = w.attributes, w.known(0), w.known(2).astype(np.float32)
    bits, block = a.get("bits", 4), a.get("block_size", 128)
    axis = a.get("quantize_axis", 1) % table.ndim
    whole = table.dtype == np.uint8
    zero: Any = np.float32(1 << bits - 1 if whole else 0)
    if len(w.inputs) > 3 and w.inputs[3]:
        zero = w.known(3)
    if whole and bits not in (4, 8):
        raise CompileError(
            f"node '{w.name}' ({w.op}) has numbers of {bits} bits: those of 4 and 8 bits are "
            "supported"
        )
    if whole:
        table = _unpacked(table, bits)
        zero = _unpacked(zero, bits)[..., : scales.shape[-1]] if np.ndim(zero) else zero

    def for_each(numbers: Any) -> Any:
        if not np.ndim(numbers):
            return numbers
        spread = np.repeat(np.asarray(numbers, np.float32), block, axis)
        return np.take(spread, np.arange(table.shape[axis]), axis)

    numbers = (table.astype(np.float32) - for_each(zero)) * for_each(scales)
    return w.add("Gather", w.constant(numbers), w.inputs[1], axis=a.get("gather_axis", 0))


def _unpacked(packed: np.ndarray[Any, Any], bits: int) -> np.ndarray[Any, Any]:
    """Return numbers of 4 or 8 bits, of which the low ones of a byte come first."""
    if bits == 8:
        return packed
    return np.stack([packed & 15, packed >> 4], -1).reshape(*packed.shape[:-1], -1)


REWRITES: dict[str, Callable[[Writer], str | tuple[str, ...] | None]] = {
    "DynamicQuantizeLSTM": _dynamic_lstm,
    "DynamicQuantizeMatMul": _dynamic_matmul,
    "GatherBlockQuantized": _gather_of_blocks,
    "MatMulIntegerToFloat": _matmul_to_float,
    "MatMulNBits": _nbits,
    "QGemm": _gemm,
    "QLinearAdd": _binary,
    "QLinearAveragePool": _unary,
    "QLinearConcat": _concat,
    "QLinearConv": _conv,
    "QLinearGlobalAveragePool": _unary,
    "QLinearLeakyRelu": _unary,
    "QLinearMul": _binary,
    "QLinearReduceMean": _reduce_mean,
    "QLinearSigmoid": _unary,
    "QLinearSoftmax": _softmax,
    "QLinearWhere": _where,
}
