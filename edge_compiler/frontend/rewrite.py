"""Operators that the compiler itself writes as others, while shapes are inferred."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontend import convolutions, fourier, images, norms, pools, quantised
from edge_compiler.frontend.contrib import CONTRIB_REWRITES, is_contrib
from edge_compiler.frontend.einsum import write_einsum
from edge_compiler.frontend.recurrent import write_recurrent
from edge_compiler.frontend.rotary import write_rotary_embedding
from edge_compiler.frontend.scope import Scope
from edge_compiler.frontend.writer import Writer


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
    type_ = w.values[0].type
    if w.outputs == 1 and not type_.is_float and type_.bytes == 1:  # float32 has all bytes
        numbers = w.add("Cast", w.inputs[0], to=onnx.TensorProto.FLOAT)
        return w.add("Cast", w.add("MaxPool", numbers, **w.attributes), to=type_.number)
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


def _pow(w: Writer) -> str | None:
    """Let floats have exponents that are floats, too."""
    if not _is_float(w) or w.value(1).type.is_float:
        return None
    return w.add("Pow", w.inputs[0], w.add("Cast", w.inputs[1], to=onnx.TensorProto.FLOAT))


def _resize(w: Writer) -> str | None:
    """Let integers be floats between pixels, and cut off what is behind the point."""
    if _is_float(w) or w.attributes.get("mode") != b"linear":
        return None
    numbers = w.add("Cast", w.inputs[0], to=onnx.TensorProto.FLOAT)
    found = w.add("Resize", numbers, *w.inputs[1:], **w.attributes)
    return w.add("Cast", found, to=w.values[0].type.number)


def _extreme(w: Writer) -> str | None:
    if w.values[0].type.numpy.kind != "b":
        return None
    numbers = w.add("Cast", w.inputs[0], to=onnx.TensorProto.UINT8)
    found = w.add(w.op, numbers, *w.inputs[1:], **w.attributes)
    return w.add("Cast", found, to=onnx.TensorProto.BOOL)


REWRITES: dict[str, Callable[[Writer], str | tuple[str, ...] | None]] = {
    "AffineGrid": images.write_affine_grid,
    "AveragePool": images.write_pool_of_volumes,
    "BatchNormalization": norms.write_batch_normalization,
    "BitwiseNot": _bitwise_not,
    "Clip": _clip,
    "Col2Im": convolutions.write_columns_as_image,
    "Concat": _concat,
    "Conv": _convolution,
    "ConvInteger": quantised.write_conv_integer,
    "ConvTranspose": convolutions.write_transposed_convolution,
    "DFT": fourier.write_transform,
    "DeformConv": convolutions.write_deformed_convolution,
    "Einsum": write_einsum,
    "GlobalAveragePool": images.write_global_average_pool,
    "GlobalLpPool": images.write_global_lp_pool,
    "GlobalMaxPool": images.write_global_max_pool,
    "GRU": write_recurrent,
    "GroupNormalization": images.write_group_normalization,
    "Hardmax": _hardmax,
    "InstanceNormalization": norms.write_instance_normalization,
    "LSTM": write_recurrent,
    "LayerNormalization": norms.write_layer_normalization,
    "LpNormalization": images.write_lp_normalization,
    "LpPool": images.write_lp_pool,
    "MatMulInteger": quantised.write_matmul_integer,
    "MaxPool": _max_pool,
    "MaxUnpool": pools.write_unpool,
    "Mean": _mean,
    "OneHot": _one_hot,
    "Pow": _pow,
    "QLinearConv": quantised.write_qlinear_conv,
    "QLinearMatMul": quantised.write_qlinear_matmul,
    "RNN": write_recurrent,
    "ReduceMax": _extreme,
    "ReduceMin": _extreme,
    "Relu": _relu,
    "Resize": _resize,
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
    """
    Return the nodes that a node is written as; None if it is left as it is.

    :raises CompileError: if it can't be written as others.
    """
    rewrites = CONTRIB_REWRITES if is_contrib(node) else REWRITES
    if node.op_type not in rewrites:
        return None
    writer = Writer(node, scope)
    results = rewrites[node.op_type](writer)
    if results is None:
        return None
    results = (results,) if isinstance(results, str) else results
    for output, result in zip(node.output, results, strict=False):
        if output and not result:
            raise CompileError(
                f"the output '{output}' of node '{node.name}' ({node.op_type}) is not supported: "
                "save the model before ONNX Runtime optimises it"
            )
        if output:
            writer.add_as(output, "Identity", result)
    return writer.nodes
