"""Take the weights out of an ONNX model: what is left is small, whatever the network's size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from edge_compiler.errors import CompileError
from edge_compiler.frontend.skeleton import ITEM_BYTES

Array = np.ndarray[Any, Any]

SMALL = 1024
"""Initializers of so few elements stay: shapes, axes and bounds, which inference needs."""


def take_weights(model: onnx.ModelProto, path: Path) -> dict[str, Array]:
    """
    Return the large initializers by name; typed inputs of the model take their place.

    Checking, converting and inferring shapes then handle no weights, which is quick and has no
    limit of 2 GB. Initializers that are inputs too (as before ONNX 1.4) are constants: a robot
    doesn't send weights.

    :raises CompileError: if external data is missing, or data doesn't fit its shape.
    """
    graph = model.graph
    if graph.sparse_initializer:
        name = graph.sparse_initializer[0].values.name
        raise CompileError(
            f"the initializer '{name}' is sparse, which isn't supported: save it as a dense tensor"
        )
    weights: dict[str, Array] = {}
    kept: dict[str, onnx.TensorProto] = {}
    for tensor in graph.initializer:
        if tensor.name in weights or tensor.name in kept:
            raise CompileError(
                f"the model defines the initializer '{tensor.name}' twice: export it again"
            )
        array = initial_value(tensor, path)
        if array.size > SMALL:
            weights[tensor.name] = array
        else:
            embed(tensor, path)
            kept[tensor.name] = tensor
    for nodes in (graph.node, *(function.node for function in model.functions)):
        for tensor in _node_tensors(nodes):
            embed(tensor, path)
            _array(tensor)
    inputs = [v for v in graph.input if v.name not in weights and v.name not in kept]
    del graph.initializer[:], graph.input[:]
    graph.initializer.extend(kept.values())
    graph.input.extend(inputs)
    for name, array in weights.items():
        kind = helper.np_dtype_to_tensor_dtype(array.dtype)
        graph.input.append(helper.make_tensor_value_info(name, kind, array.shape))
    model.ir_version = max(model.ir_version, 4)  # from this one on, initializers are no inputs
    return weights


def initial_value(tensor: onnx.TensorProto, path: Path) -> Array:
    """
    Return the data of an initializer, from wherever it lies.

    :param path: of the model.
    :raises CompileError: as :func:`take_weights`.
    """
    if tensor.data_location != onnx.TensorProto.EXTERNAL:
        return _array(tensor)
    if tensor.data_type not in ITEM_BYTES:
        embed(tensor, path)
        return _array(tensor)
    data = _read_external(tensor, path)
    array: Array = data.view(helper.tensor_dtype_to_np_dtype(tensor.data_type))
    array.shape = tuple(tensor.dims)
    return array


def embed(tensor: onnx.TensorProto, path: Path) -> None:
    """
    Move a tensor's data into the model, if it is external.

    :param path: of the model.
    :raises CompileError: as :func:`take_weights`.
    """
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        tensor.raw_data = _read_external(tensor, path).tobytes()
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]


def _array(tensor: onnx.TensorProto) -> Array:
    """Return the data, whose amount is checked before anything of its size is allocated."""
    try:
        expected = _bytes(tensor)
        if tensor.HasField("raw_data") and len(tensor.raw_data) != expected:
            raise ValueError(f"{len(tensor.raw_data)} bytes of data, {expected} expected")
        if tensor.HasField("segment"):
            raise ValueError("it is a segment of a larger one")
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError) as error:
        what = f"the initializer '{tensor.name}'" if tensor.name else "a constant"
        raise CompileError(
            f"{what} of shape {list(tensor.dims)} is damaged ({error}): export the model again"
        ) from error


def _bytes(tensor: onnx.TensorProto) -> int:
    """
    Return how many bytes of raw data the shape calls for.

    :raises ValueError: if a dimension is negative.
    """
    if any(size < 0 for size in tensor.dims):
        raise ValueError("a dimension is negative")
    elements: int = math.prod(tensor.dims)
    if tensor.data_type in _IN_A_BYTE:
        return -(-elements // _IN_A_BYTE[tensor.data_type])
    return elements * helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize


_IN_A_BYTE = {
    **dict.fromkeys(map(onnx.TensorProto.DataType.Value, ("INT4", "UINT4", "FLOAT4E2M1")), 2),
    **dict.fromkeys(map(onnx.TensorProto.DataType.Value, ("INT2", "UINT2")), 4),
}
"""Elements that are packed into one byte, by type."""


def _node_tensors(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.TensorProto]:
    """Yield the tensors that stand in nodes, and in the graphs within them."""
    for attribute in (attribute for node in nodes for attribute in node.attribute):
        if attribute.type == onnx.AttributeProto.TENSOR:
            yield attribute.t
        yield from attribute.tensors
        for graph in (attribute.g, *attribute.graphs):
            yield from graph.initializer
            yield from _node_tensors(graph.node)


def _read_external(tensor: onnx.TensorProto, path: Path) -> Array:
    """
    Return the bytes of the tensor's data, read from the file that it names.

    :raises CompileError: if it is neither the model's own nor in its folder, or is too short.
    """
    where = {entry.key: entry.value for entry in tensor.external_data}
    location = where.get("location", "")
    folder = path.parent.resolve()
    file = path if location == path.name else (folder / location.replace("\0", "")).resolve()
    who = f"the external data '{location}' of the initializer '{tensor.name}'"
    if not location or not (file is path or file.is_relative_to(folder)):
        raise CompileError(
            f"{who} lies outside the model's folder {folder}: only files beside the model are read"
        )
    try:
        expected = _bytes(tensor)
        offset = int(where.get("offset", 0))
        length = int(where.get("length", expected))
    except (ValueError, KeyError) as error:
        raise CompileError(f"{who} is damaged ({error}): export the model again") from error
    if not file.is_file():
        raise CompileError(f"{who} is missing: copy the file into {folder}")
    try:
        size = file.stat().st_size
        if length != expected or offset < 0 or offset + length > size:
            raise CompileError(
                f"{who}: {expected} bytes expected at offset {offset}, but the model says "
                f"{length} and the file has {size} bytes: copy the file again"
            )
        data = np.empty(length, np.uint8)
        with file.open("rb") as stream:
            stream.seek(offset)
            if stream.readinto(data.data) != length:
                raise CompileError(f"{who} has become shorter while it was read: try again")
    except OSError as error:
        raise CompileError(f"{who} cannot be read: {error.strerror}") from error
    return data
