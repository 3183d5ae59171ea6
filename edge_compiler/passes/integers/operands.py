"""What QuantizeLinear and DequantizeLinear say of the values beside them."""

from __future__ import annotations

import numpy as np

from edge_compiler.ir.dtype import Quantisation
from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.ir.quantised import Array, largest_sum, scale_of
from edge_perception.runtime.dtypes import ELEMENT_TYPES

_INT8, _INT32 = ELEMENT_TYPES["int8"], ELEMENT_TYPES["int32"]
_BYTES = (ELEMENT_TYPES["uint8"], _INT8)


class NotInIntegersError(Exception):
    """Why an operator can't compute in integers, in one clause."""


def quantisation_by(node: Node) -> Quantisation | None:
    """Return what a QuantizeLinear or DequantizeLinear says, with constant scales; else None."""
    scale = node.constant(1)
    zero = node.inputs[2] if len(node.inputs) > 2 else None
    if scale is None or node.attributes["block_size"] or np.any(scale <= 0):
        return None
    points = np.zeros(scale.size, np.int64) if zero is None else zero.constant
    if points is None or points.dtype.kind not in "iu":
        return None
    axis = int(node.attributes["axis"]) if scale.size > 1 else None
    rank = max(len(node.input(0).shape), 1)
    return Quantisation(
        tuple(float(x) for x in scale.ravel().astype(np.float32)),
        tuple(int(x) for x in np.broadcast_to(points.ravel(), scale.size)),
        None if axis is None else axis % rank,
    )


def result_of(node: Node) -> Quantisation | None:
    """Return how a QuantizeLinear makes bytes with one scale; None if it makes anything else."""
    made = quantisation_by(node) if node.output.type in _BYTES else None
    return made if made is not None and len(made.scale) == 1 else None


def source_of(graph: Graph, value: Value) -> Value:
    """
    Return the computed bytes, of one scale, that stand for the numbers of a value.

    :raises NotInIntegersError: if there are none.
    """
    found, quantisation = _quantised(graph, value)
    if found.constant is not None:
        raise NotInIntegersError(f"'{value.name}' is a constant")
    if found.type not in _BYTES or len(quantisation.scale) > 1:
        raise NotInIntegersError(f"'{found.name}' is not quantised to 8 bits with one scale")
    if found.quantisation not in (None, quantisation):
        raise NotInIntegersError(f"'{found.name}' is dequantised with several scales")
    found.quantisation = quantisation
    return found


def weights_of(graph: Graph, value: Value, axis: int) -> Value:
    """
    Return constant weights as int8 with zero point 0.

    :param axis: of the output channels: there may be a scale for each.
    :raises NotInIntegersError: if they are anything else.
    """
    found, quantisation = _quantised(graph, value)
    data, zeros = found.constant, np.array(quantisation.zero_point)
    if data is None:
        raise NotInIntegersError(f"the weights '{value.name}' are computed")
    if found.type not in _BYTES or quantisation.axis not in (None, axis):
        raise NotInIntegersError(
            f"the weights '{value.name}' are not quantised to 8 bits for each output"
        )
    column = [1] * data.ndim
    if quantisation.axis is not None:
        column[axis] = -1
    centred = data.astype(np.int16) - zeros.reshape(column).astype(np.int16)
    if centred.min(initial=0) < -128 or centred.max(initial=0) > 127:
        raise NotInIntegersError(
            f"the weights '{value.name}' less their zero points don't fit into int8"
        )
    made = Quantisation(quantisation.scale, (0,) * len(zeros), quantisation.axis)
    return Value(f"{found.name}/weights", found.shape, _INT8, centred.astype(np.int8), made)


def bias_of(graph: Graph, value: Value | None, x: Value, weights: Value, count: int) -> Value:
    """
    Return a bias of ``count`` int32 with the scale of the sums; zeros if there is none.

    :raises NotInIntegersError: if it has another scale.
    """
    if value is None:
        name = f"{weights.name}/no bias"
        return Value(name, (count,), _INT32, np.zeros(count, np.int32))
    found, quantisation = _quantised(graph, value)
    scale = np.array(quantisation.scale, np.float32)
    due = scale_of(x) * scale_of(weights)
    if found.constant is None or found.type != _INT32 or any(quantisation.zero_point):
        raise NotInIntegersError(
            f"the bias '{value.name}' is not constant int32 with zero point 0"
        )
    if not np.allclose(scale, due, rtol=1e-6, atol=0):
        raise NotInIntegersError(
            f"the scale of the bias '{value.name}' is not that of input times weights"
        )
    data: Array = np.broadcast_to(found.constant.reshape(-1), (count,))
    return Value(f"{found.name}/bias", (count,), _INT32, data)


def data_of(value: Value) -> Array:
    """Return the data of what is known to be a constant."""
    assert value.constant is not None
    return value.constant


def check_sums(weights: Array, bias: Array) -> None:
    """
    Check that sums fit into 32 bits, whatever the input is.

    :param weights: of (out, ...).
    :raises NotInIntegersError: if they may not.
    """
    if largest_sum(weights, bias) >= 2**31:
        raise NotInIntegersError(
            "its sums may not fit into 32 bits: quantise it with larger weight scales"
        )


def _quantised(graph: Graph, value: Value) -> tuple[Value, Quantisation]:
    node = graph.producer(value)
    if node is None or node.op != "DequantizeLinear":
        raise NotInIntegersError(f"'{value.name}' is not dequantised from integers")
    quantisation = quantisation_by(node)
    if quantisation is None:
        raise NotInIntegersError(
            f"the scale or zero point of '{value.name}' is computed or not positive"
        )
    return node.input(0), quantisation
