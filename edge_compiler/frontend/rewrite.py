"""Operators that the compiler itself writes as others, while shapes are inferred."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontend import images
from edge_compiler.frontend.einsum import write_einsum
from edge_compiler.frontend.writer import Writer
from edge_compiler.ir.graph import Value

_EXACT = 2**24
"""Below it, float32 has all integers."""
_LARGEST_PRODUCT = 255 * 255


def _mean(w: Writer) -> str:
    total = w.add("Sum", *w.inputs) if len(w.inputs) > 1 else w.inputs[0]
    return w.add("Mul", total, w.constant(np.float32(1 / len(w.inputs))))


def _hardmax(w: Writer) -> str:
    x, axis = w.values[0], w.attributes.get("axis", -1)
    best = w.add("ArgMax", w.inputs[0], axis=axis, keepdims=1)
    shape = [1] * len(x.shape)
    shape[axis] = -1
    places = w.constant(np.arange(x.shape[axis], dtype=np.int64).reshape(shape))
    return w.add("Cast", w.add("Equal", best, places), to=x.type.number)


def _one_hot(w: Writer) -> str:
    indices, depth = w.values[0], int(w.known(1).item())
    axis = w.attributes.get("axis", -1) % (len(indices.shape) + 1)
    whole = w.add("Cast", w.inputs[0], to=onnx.TensorProto.INT64)
    below = w.add("Less", whole, w.constant(np.int64(0)))
    wrapped = w.add("Add", whole, w.constant(np.int64(depth)))
    column = w.add("Unsqueeze", w.add("Where", below, wrapped, whole), w.integers([axis]))
    shape = [1] * (len(indices.shape) + 1)
    shape[axis] = depth
    places = w.constant(np.arange(depth, dtype=np.int64).reshape(shape))
    off, on = (w.add("Gather", w.inputs[2], w.constant(np.int64(i)), axis=0) for i in (0, 1))
    return w.add("Where", w.add("Equal", column, places), on, off)


def _trilu(w: Writer) -> str:
    x, upper = w.values[0], int(w.attributes.get("upper", 1))
    k = int(w.known(1).item()) if len(w.inputs) > 1 and w.inputs[1] else 0
    rows, columns = x.shape[-2:]
    kept = np.tri(rows, columns, k - upper, dtype=bool) != bool(upper)
    zero = w.constant(np.zeros((), x.type.numpy))
    return w.add("Where", w.constant(kept), w.inputs[0], zero)


def _reverse_sequence(w: Writer) -> str:
    shape, lengths = w.values[0].shape, w.known(1)
    batch, time = w.attributes.get("batch_axis", 1), w.attributes.get("time_axis", 0)
    order = np.tile(np.arange(shape[time]), (shape[batch], 1))
    for line, length in zip(order, lengths.ravel(), strict=True):
        line[:length] = line[:length][::-1]
    column = [1] * len(shape)
    column[batch], column[time] = shape[batch], shape[time]
    turned = order.reshape(column) if batch < time else order.T.reshape(column)
    indices = w.constant(np.ascontiguousarray(np.broadcast_to(turned, shape)))
    return w.add("GatherElements", w.inputs[0], indices, axis=time)


def _bitwise_not(w: Writer) -> str:
    type_ = w.values[0].type.numpy
    return w.add("BitwiseXor", w.inputs[0], w.constant(~np.zeros((), type_)))


# integers that stand for numbers


def _centred(w: Writer, index: int, zero: int, column: tuple[int, ...] | None = None) -> str:
    """Return integers less their zero point, as floats."""
    x = w.add("Cast", w.inputs[index], to=onnx.TensorProto.FLOAT)
    if zero >= len(w.inputs) or not w.inputs[zero]:
        return x
    point = w.add("Cast", w.inputs[zero], to=onnx.TensorProto.FLOAT)
    if column is not None and w.value(zero).size > 1:
        point = w.add("Reshape", point, w.integers(column))
    return w.add("Sub", x, point)


def _dequantised(w: Writer, index: int, axis: int = 1) -> str:
    """Return the numbers that an input, followed by its scale and zero point, stands for."""
    return w.add("DequantizeLinear", *w.inputs[index : index + 3], axis=axis)


def _qlinear_matmul(w: Writer) -> str:
    for index in (1, 2):
        if w.value(index).size > 1:
            raise CompileError(
                f"node '{w.name}' (QLinearMatMul) has a scale for each row: "
                "quantise it with one scale for the left matrix"
            )
    right = _dequantised(w, 3, len(w.value(3).shape) - 1)
    return w.add("QuantizeLinear", w.add("MatMul", _dequantised(w, 0), right), *w.inputs[6:8])


def _qlinear_conv(w: Writer) -> str:
    operands = [_dequantised(w, 0), _dequantised(w, 3, 0)]
    if len(w.inputs) > 8 and w.inputs[8]:
        scale = w.constant(w.known(1) * w.known(4))
        operands.append(w.add("DequantizeLinear", w.inputs[8], scale, axis=0))
    total = w.add("Conv", *operands, **w.attributes)
    return w.add("QuantizeLinear", total, *w.inputs[6:8])


def _integers(w: Writer, total: str, terms: int) -> str:
    if terms * _LARGEST_PRODUCT >= _EXACT:
        raise CompileError(
            f"node '{w.name}' ({w.op}) adds up {terms} products of integers, which float32 can't "
            f"do exactly from {_EXACT // _LARGEST_PRODUCT + 1} on: export it with QLinear "
            "operators or in float32"
        )
    return w.add("Cast", w.add("Round", total), to=onnx.TensorProto.INT32)


def _matmul_integer(w: Writer) -> str:
    rows = (-1, 1) if len(w.value(0).shape) > 1 else None
    total = w.add("MatMul", _centred(w, 0, 2, rows), _centred(w, 1, 3))
    return _integers(w, total, w.value(0).shape[-1])


def _conv_integer(w: Writer) -> str:
    shape = w.value(1).shape
    weights = _centred(w, 1, 3, (-1, *(1,) * (len(shape) - 1)))
    total = w.add("Conv", _centred(w, 0, 2), weights, **w.attributes)
    return _integers(w, total, int(np.prod(shape[1:])))


REWRITES: dict[str, Callable[[Writer], str | None]] = {
    "AveragePool": images.write_pool_of_volumes,
    "BitwiseNot": _bitwise_not,
    "Conv": images.write_convolution_of_volumes,
    "ConvInteger": _conv_integer,
    "Einsum": write_einsum,
    "GlobalAveragePool": images.write_global_average_pool,
    "GlobalLpPool": images.write_global_lp_pool,
    "GlobalMaxPool": images.write_global_max_pool,
    "GroupNormalization": images.write_group_normalization,
    "Hardmax": _hardmax,
    "LpNormalization": images.write_lp_normalization,
    "LpPool": images.write_lp_pool,
    "MatMulInteger": _matmul_integer,
    "MaxPool": images.write_pool_of_volumes,
    "Mean": _mean,
    "OneHot": _one_hot,
    "QLinearConv": _qlinear_conv,
    "QLinearMatMul": _qlinear_matmul,
    "ReverseSequence": _reverse_sequence,
    "Trilu": _trilu,
}
"""
By operator: adds nodes to the writer and returns the tensor that equals the node's output; None if
the node is left as it is.
"""


def rewrite(node: onnx.NodeProto, values: Mapping[str, Value]) -> list[onnx.NodeProto] | None:
    """Return the nodes that a node is written as; None if it is left as it is."""
    if node.op_type not in REWRITES:
        return None
    writer = Writer(node, values)
    result = REWRITES[node.op_type](writer)
    if result is None:
        return None
    writer.add_as(node.output[0], "Identity", result)
    return writer.nodes
