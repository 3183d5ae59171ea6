"""Operators that the compiler itself writes as others, while shapes are inferred."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontend import convolutions, fourier, images, norms, pools
from edge_compiler.frontend.einsum import write_einsum
from edge_compiler.frontend.rotary import write_rotary_embedding
from edge_compiler.frontend.scope import Scope
from edge_compiler.frontend.writer import Writer

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


def _convolution(w: Writer) -> str | None:
    return images.write_convolution_of_volumes(w) or (
        convolutions.write_convolution_of_computed_weights(w)
    )


def _max_pool(w: Writer) -> str | tuple[str, str] | None:
    if w.outputs > 1:
        return pools.write_pool_with_indices(w)
    return images.write_pool_of_volumes(w)


def _concat(w: Writer) -> str | None:
    """Leave out what has no elements: torch.roll by nothing leaves such parts."""
    kept = [name for name in w.inputs if 0 not in w.of(name).shape]
    if not 0 < len(kept) < len(w.inputs):
        return None
    return w.add("Concat", *kept, axis=w.attributes["axis"])


# integers and bools


def _is_float(w: Writer) -> bool:
    return w.values[0].type.numpy.kind == "f"


def _clip(w: Writer) -> str | None:
    if _is_float(w):
        return None
    x = w.inputs[0]
    for op, bound in zip(("Max", "Min"), w.inputs[1:], strict=False):
        x = w.add(op, x, bound) if bound else x
    return w.add("Identity", x)


def _relu(w: Writer) -> str | None:
    if _is_float(w):
        return None
    return w.add("Max", w.inputs[0], w.constant(np.zeros((), w.values[0].type.numpy)))


def _extreme(w: Writer) -> str | None:
    if w.values[0].type.numpy.kind != "b":
        return None
    numbers = w.add("Cast", w.inputs[0], to=onnx.TensorProto.UINT8)
    found = w.add(w.op, numbers, *w.inputs[1:], **w.attributes)
    return w.add("Cast", found, to=onnx.TensorProto.BOOL)


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


REWRITES: dict[str, Callable[[Writer], str | tuple[str, ...] | None]] = {
    "AveragePool": images.write_pool_of_volumes,
    "BatchNormalization": norms.write_batch_normalization,
    "BitwiseNot": _bitwise_not,
    "Clip": _clip,
    "Col2Im": convolutions.write_columns_as_image,
    "Concat": _concat,
    "Conv": _convolution,
    "ConvInteger": _conv_integer,
    "ConvTranspose": convolutions.write_transposed_convolution,
    "DFT": fourier.write_transform,
    "DeformConv": convolutions.write_deformed_convolution,
    "Einsum": write_einsum,
    "GlobalAveragePool": images.write_global_average_pool,
    "GlobalLpPool": images.write_global_lp_pool,
    "GlobalMaxPool": images.write_global_max_pool,
    "GroupNormalization": images.write_group_normalization,
    "Hardmax": _hardmax,
    "InstanceNormalization": norms.write_instance_normalization,
    "LayerNormalization": norms.write_layer_normalization,
    "LpNormalization": images.write_lp_normalization,
    "LpPool": images.write_lp_pool,
    "MatMulInteger": _matmul_integer,
    "MaxPool": _max_pool,
    "MaxUnpool": pools.write_unpool,
    "Mean": _mean,
    "OneHot": _one_hot,
    "QLinearConv": _qlinear_conv,
    "QLinearMatMul": _qlinear_matmul,
    "ReduceMax": _extreme,
    "ReduceMin": _extreme,
    "Relu": _relu,
    "ReverseSequence": _reverse_sequence,
    "RotaryEmbedding": write_rotary_embedding,
    "STFT": fourier.write_short_time_transform,
    "Trilu": _trilu,
}
"""
By operator: adds nodes to the writer and returns the tensors that equal the node's outputs; None
if the node is left as it is.
"""


def rewrite(node: onnx.NodeProto, scope: Scope) -> list[onnx.NodeProto] | None:
    """Return the nodes that a node is written as; None if it is left as it is."""
    if node.op_type not in REWRITES:
        return None
    writer = Writer(node, scope)
    results = REWRITES[node.op_type](writer)
    if results is None:
        return None
    results = (results,) if isinstance(results, str) else results
    for output, result in zip(node.output, results, strict=False):
        if output:
            writer.add_as(output, "Identity", result)
    return writer.nodes
