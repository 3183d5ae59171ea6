"""
TensorFlow.js's graphs as ONNX: the operators of one that was an ONNX model before.

Its images have their channels first, and are turned around every convolution. Here a transposition
is only remembered, and written where it has an effect.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
import json
import math
from typing import Any

import numpy as np
import onnx
from onnx import helper, TensorProto

from edge_compiler.errors import CompileError
from edge_compiler.zoo.builder import Array, Builder

_PLAIN = (0, 1, 2, 3)
_FIRST, _LAST = (0, 3, 1, 2), (0, 2, 3, 1)
"""How channels come first, and last again."""


@dataclass(frozen=True)
class _Value:
    """
    What a node computes: a tensor of the ONNX graph, with its axes in another order.

    :ivar order: the tensor's axis for each axis of the value.
    :ivar pads: what a MaxPool that reads it pads the tensor with, two numbers an axis.
    """

    name: str
    order: tuple[int, ...] = _PLAIN
    pads: Array | None = None


def convert(graph: bytes, weights: bytes, where: str, names: Mapping[str, str]) -> onnx.ModelProto:
    """
    Return the ONNX model of a graph and its weights.

    :param where: what the graph is, for messages.
    :param names: of the input and the outputs, and what the model calls them.
    :raises CompileError: if it is damaged, or has an operator that is not known here.
    """
    try:
        return _Graph(json.loads(graph), weights).convert(names)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise CompileError(f"{where} has unexpected content: {error!r}") from error


class _Graph(Builder):
    """The nodes of a graph, as those of ONNX."""

    def __init__(self, file: Any, weights: bytes) -> None:
        super().__init__()
        self._nodes = file["modelTopology"]["node"]
        self._signature = file["signature"]
        self._constants = read_weights(file["weightsManifest"], weights)
        self._values: dict[str, _Value] = {}

    def convert(self, names: Mapping[str, str]) -> onnx.ModelProto:
        """Return the model."""
        described = {
            key.removesuffix(":0"): [int(dim["size"]) for dim in value["tensorShape"]["dim"]]
            for part in ("inputs", "outputs")
            for key, value in self._signature[part].items()
        }
        info = {
            name: helper.make_tensor_value_info(names[name], TensorProto.FLOAT, described[name])
            for name in names
        }
        image = ""
        for node in self._nodes:  # each comes after those that it reads
            operator = node["op"]
            if operator == "Placeholder":
                image = node["name"]
                self.put(image, _Value(names[image]))
            elif operator != "Const":
                if operator not in _OPERATORS:
                    raise ValueError(f"the operator {operator} is not known")
                _OPERATORS[operator](self, node)
        outputs = [name for name in names if name != image]
        for name in outputs:
            self.add("Identity", [self.written(self._values[name], _PLAIN)], names[name])
        return self.model("tfjs", info[image], [info[name] for name in outputs], opset=18)

    def value(self, node: Any, index: int = 0) -> _Value:
        """Return what an input of a node is."""
        return self._values[node["input"][index]]

    def is_constant(self, node: Any, index: int) -> bool:
        """Return whether the values of an input are in the file."""
        return node["input"][index] in self._constants

    def constant_input(self, node: Any, index: int) -> Array:
        """Return the values of an input that are in the file."""
        return self._constants[node["input"][index]]

    def put(self, name: str, value: _Value) -> None:
        """Say what a node computes."""
        self._values[name] = value

    def fold(self, name: str, array: Array) -> None:
        """Say what a node of constants computes."""
        self._constants[name] = array

    def written(self, value: _Value, order: tuple[int, ...]) -> str:
        """Return a tensor with a value's axes in that order; write a Transpose if need be."""
        wanted = tuple(value.order[axis] for axis in order[: len(value.order)])
        if wanted == tuple(range(len(wanted))):
            return value.name
        name = f"{value.name}/{''.join(map(str, wanted))}"
        if all(node.name != name for node in self.nodes):
            self.add("Transpose", [value.name], name, perm=wanted)
        return name


def read_weights(manifest: Any, data: bytes) -> dict[str, Array]:
    """
    Return the constants of a manifest, whole numbers as int64 and others as float32.

    :param data: all of them; floats may be stored as float16, or as steps from the least one.
    """
    constants, place = {}, 0
    for entry in (entry for group in manifest for entry in group["weights"]):
        stored = entry.get("quantization", {})
        kind = np.dtype(stored.get("dtype", entry["dtype"])).newbyteorder("<")
        count = math.prod(entry["shape"])
        array = np.frombuffer(data, kind, count, place).reshape(entry["shape"])
        place += count * kind.itemsize
        if "scale" in stored:
            array = array * np.float32(stored["scale"]) + np.float32(stored["min"])
        is_float = entry["dtype"].startswith("float")
        constants[entry["name"]] = array.astype(np.float32 if is_float else np.int64)
    return constants


def _numbers(node: Any, attribute: str) -> list[int]:
    return [int(number) for number in node["attr"][attribute]["list"]["i"]]


def _is_same(node: Any) -> bool:
    """Return whether a convolution or pooling keeps the size, but for its stride."""
    padding = base64.b64decode(node["attr"]["padding"]["s"])
    if padding not in (b"SAME", b"VALID"):
        raise ValueError(f"the padding {padding!r} of {node['name']} is not known")
    return padding == b"SAME"


def _pass(graph: _Graph, node: Any) -> None:
    graph.put(node["name"], graph.value(node))


def _zeros(graph: _Graph, node: Any) -> None:
    """Take a sparse tensor without elements: nothing but its default."""
    if graph.constant_input(node, 0).size:
        raise ValueError(f"{node['name']} is no empty tensor")
    shape = graph.constant_input(node, 1).reshape(-1)
    graph.fold(node["name"], np.full(shape, graph.constant_input(node, 3)))


def _transpose(graph: _Graph, node: Any) -> None:
    x = graph.value(node)
    order = tuple(x.order[axis] for axis in graph.constant_input(node, 1).tolist())
    graph.put(node["name"], replace(x, order=order))


def _convolve(graph: _Graph, node: Any) -> None:
    x, name = graph.written(graph.value(node), _FIRST), node["name"]
    kernel = graph.constant_input(node, 1)  # rows, columns, in, out
    graph.add(
        "Conv",
        [x, graph.constant(f"{name}/weight", kernel.transpose(3, 2, 0, 1))],
        name,
        kernel_shape=kernel.shape[:2],
        strides=_numbers(node, "strides")[1:3],
        dilations=_numbers(node, "dilations")[1:3],
        auto_pad="SAME_UPPER" if _is_same(node) else "VALID",
    )
    graph.put(name, _Value(name, _LAST))


def _add(graph: _Graph, node: Any) -> None:
    name = node["name"]
    constant = [graph.is_constant(node, index) for index in (0, 1)]
    if all(constant):
        graph.fold(name, graph.constant_input(node, 0) + graph.constant_input(node, 1))
        return
    if any(constant):
        x = graph.value(node, constant.index(False))
        array = graph.constant_input(node, constant.index(True))
        array = array.reshape((1,) * (len(x.order) - array.ndim) + array.shape)
        other = graph.constant(f"{name}/constant", array.transpose(np.argsort(x.order)))
    else:
        x, y = graph.value(node, 0), graph.value(node, 1)
        if x.order != y.order:
            x, y = (_Value(graph.written(value, _PLAIN)) for value in (x, y))
        other = y.name
    graph.add("Add", [x.name, other], name)
    graph.put(name, _Value(name, x.order))


def _unary(graph: _Graph, node: Any, op: str, attribute: str = "") -> None:
    x, name = graph.value(node), node["name"]
    attributes = {attribute: float(node["attr"][attribute]["f"])} if attribute else {}
    graph.add(op, [x.name], name, **attributes)
    graph.put(name, _Value(name, x.order))


def _pad(graph: _Graph, node: Any) -> None:
    x, name = graph.value(node), node["name"]
    pads = graph.constant_input(node, 1)[np.argsort(x.order)]  # of the tensor's axes
    if node["op"] == "PadV2":
        graph.put(name, replace(x, pads=pads))
        return
    graph.add("Pad", [x.name, graph.constant(f"{name}/pads", pads.T.reshape(-1))], name)
    graph.put(name, _Value(name, x.order))


def _pool(graph: _Graph, node: Any) -> None:
    x, name = graph.value(node), node["name"]
    pads = np.zeros((4, 2), np.int64) if x.pads is None else x.pads
    if x.order != _LAST or pads[:2].any() or _is_same(node):
        raise ValueError(f"{name} is no pooling that is known")
    graph.add(
        "MaxPool",
        [x.name],
        name,
        kernel_shape=_numbers(node, "ksize")[1:3],
        strides=_numbers(node, "strides")[1:3],
        pads=pads[2:].T.reshape(-1).tolist(),
    )
    graph.put(name, _Value(name, _LAST))


def _concat(graph: _Graph, node: Any) -> None:
    name, count = node["name"], len(node["input"]) - 1
    values = [graph.value(node, index) for index in range(count)]
    order = values[0].order
    if any(value.order != order for value in values):
        order = _PLAIN
        values = [_Value(graph.written(value, _PLAIN)) for value in values]
    axis = order[int(graph.constant_input(node, count))]
    graph.add("Concat", [value.name for value in values], name, axis=axis)
    graph.put(name, _Value(name, order))


def _split(graph: _Graph, node: Any) -> None:
    x, name = graph.value(node), node["name"]
    parts = graph.constant_input(node, 1)
    axis = x.order[int(graph.constant_input(node, 2))]
    names = [name, *(f"{name}:{index}" for index in range(1, len(parts)))]
    read = [x.name, graph.constant(f"{name}/parts", parts)]
    graph.nodes.append(helper.make_node("Split", read, names, name=name, axis=axis))
    for one in names:
        graph.put(one, _Value(one, x.order))


def _reshape(graph: _Graph, node: Any) -> None:
    shape, name = graph.constant_input(node, 1).tolist(), node["name"]
    graph.reshape(graph.written(graph.value(node), _PLAIN), name, *shape)
    graph.put(name, _Value(name, tuple(range(len(shape)))))


def _resize(graph: _Graph, node: Any) -> None:
    x, name = graph.value(node), node["name"]
    if x.order != _LAST or not node["attr"]["half_pixel_centers"]["b"]:
        raise ValueError(f"{name} is no resizing that is known")
    sizes = graph.constant(f"{name}/sizes", graph.constant_input(node, 1))
    graph.add("Resize", [x.name, "", "", sizes], name, mode="linear", axes=[2, 3])
    graph.put(name, _Value(name, _LAST))


_OPERATORS: dict[str, Callable[[_Graph, Any], None]] = {
    "Add": _add,
    "AddV2": _add,
    "ConcatV2": _concat,
    "Conv2D": _convolve,
    "Identity": _pass,
    "LeakyRelu": partial(_unary, op="LeakyRelu", attribute="alpha"),
    "MaxPool": _pool,
    "Pad": _pad,
    "PadV2": _pad,
    "Reshape": _reshape,
    "ResizeBilinear": _resize,
    "Sigmoid": partial(_unary, op="Sigmoid"),
    "SparseToDense": _zeros,
    "SplitV": _split,
    "Transpose": _transpose,
}
