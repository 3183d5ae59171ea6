"""
Models of other floats, as float32: what a library computes in.

A file may hold its weights in float16 to be small, or be written in float16 or float64 as a whole.
Its reference in ONNX Runtime computes in float32 too, or a library would be compared with the
file's roundings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper, TensorProto

OTHER_FLOATS = (TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE)
_TYPE_ATTRIBUTES = ("to", "dtype", "output_dtype")
_LARGEST = np.finfo(np.float32).max

Array = np.ndarray[Any, Any]


def to_float32(model: onnx.ModelProto) -> int:
    """
    Let all tensors of a model that are other floats be of float32, inputs and outputs included.

    Data that lies elsewhere is left as it is, see :func:`as_float32`.

    :returns: how often another float was named.
    """
    functions = (
        _convert_values(function.value_info) + nodes_to_float32(function.node)
        for function in model.functions
    )
    return _convert_graph(model.graph) + sum(functions)


def as_float32(array: Array) -> Array:
    """
    Return an array of other floats as float32; any other array as it is.

    A finite number that float32 hasn't becomes the largest that it has: a bound or mask.
    """
    if array.dtype.name in ("float16", "bfloat16"):
        return array.astype(np.float32)
    if array.dtype != np.float64:
        return array
    fitting = np.where(np.isinf(array), array, np.clip(array, -_LARGEST, _LARGEST))
    return fitting.astype(np.float32)


def _convert_graph(graph: onnx.GraphProto) -> int:
    values = (*graph.input, *graph.output, *graph.value_info)
    tensors = sum(map(_convert_tensor, graph.initializer))
    return tensors + _convert_values(values) + nodes_to_float32(graph.node)


def _convert_values(values: Iterable[onnx.ValueInfoProto]) -> int:
    tensors = (v.type.tensor_type for v in values if v.type.HasField("tensor_type"))
    others = [tensor for tensor in tensors if tensor.elem_type in OTHER_FLOATS]
    for tensor in others:
        tensor.elem_type = TensorProto.FLOAT
    return len(others)


def nodes_to_float32(nodes: Iterable[onnx.NodeProto]) -> int:
    """Let the attributes of nodes, and the graphs in them, name float32; return how often."""
    return sum(_convert_attribute(a) for node in nodes for a in node.attribute)


def _convert_attribute(attribute: onnx.AttributeProto) -> int:
    if attribute.name in _TYPE_ATTRIBUTES and attribute.i in OTHER_FLOATS:
        attribute.i = TensorProto.FLOAT
        return 1
    tensors = [attribute.t] if attribute.HasField("t") else attribute.tensors
    graphs = [attribute.g] if attribute.HasField("g") else attribute.graphs
    return sum(map(_convert_tensor, tensors)) + sum(map(_convert_graph, graphs))


def _convert_tensor(tensor: onnx.TensorProto) -> int:
    if tensor.data_type not in OTHER_FLOATS:
        return 0
    if tensor.data_location != TensorProto.EXTERNAL:
        array = as_float32(numpy_helper.to_array(tensor))
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    return 1
