"""The nodes of a TensorFlow.js graph, its weights, and the ONNX nodes that they become."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import math
from typing import Any

import numpy as np
import onnx
from onnx import helper, TensorProto

from edge_compiler.builder import Array, Builder

PLAIN = (0, 1, 2, 3)
FIRST, LAST = (0, 3, 1, 2), (0, 2, 3, 1)
"""How channels come first, and last again."""


@dataclass(frozen=True)
class Value:
    """
    What a node computes: a tensor of the ONNX graph, with its axes in another order.

    :ivar order: the tensor's axis for each axis of the value.
    :ivar pads: what a MaxPool that reads it pads the tensor with, two numbers an axis.
    """

    name: str
    order: tuple[int, ...] = PLAIN
    pads: Array | None = None


class Graph(Builder):
    """The nodes of a graph, as those of ONNX."""

    def __init__(self, file: Any, weights: bytes) -> None:
        super().__init__()
        self._nodes = file["modelTopology"]["node"]
        self._signature = file["signature"]
        self._constants = read_weights(file["weightsManifest"], weights)
        self._values: dict[str, Value] = {}

    def convert(
        self,
        rules: Mapping[str, Callable[[Graph, Any], None]],
        names: Mapping[str, str],
        *,
        channels_first: bool = False,
    ) -> onnx.ModelProto:
        """
        Return the model.

        :param rules: for each operator, what adds its nodes.
        :param names: of the input and the outputs, and what the model calls them.
        :param channels_first: whether inputs and outputs, whose channels are last in the file,
            have them first in the model.
        """
        described = {
            key.removesuffix(":0"): [int(dim["size"]) for dim in value["tensorShape"]["dim"]]
            for part in ("inputs", "outputs")
            for key, value in self._signature[part].items()
        }
        if channels_first:
            described = {key: [size[i] for i in FIRST] for key, size in described.items()}
        info = {
            name: helper.make_tensor_value_info(names[name], TensorProto.FLOAT, described[name])
            for name in names
        }
        image = ""
        for node in self._nodes:  # each comes after those that it reads
            operator = node["op"]
            if operator == "Placeholder":
                image = node["name"]
                self.put(image, Value(names[image], LAST if channels_first else PLAIN))
            elif operator != "Const":
                if operator not in rules:
                    raise ValueError(f"the operator {operator} is not known")
                rules[operator](self, node)
        outputs = [name for name in names if name != image]
        for name in outputs:
            order = FIRST if channels_first else PLAIN
            self.add("Identity", [self.written(self._values[name], order)], names[name])
        return self.model("tfjs", [info[image]], [info[name] for name in outputs], opset=18)

    def value(self, node: Any, index: int = 0) -> Value:
        """Return what an input of a node is."""
        return self._values[node["input"][index]]

    def is_constant(self, node: Any, index: int) -> bool:
        """Return whether the values of an input are in the file."""
        return node["input"][index] in self._constants

    def constant_input(self, node: Any, index: int) -> Array:
        """Return the values of an input that are in the file."""
        return self._constants[node["input"][index]]

    def put(self, name: str, value: Value) -> None:
        """Record what a node computes."""
        self._values[name] = value

    def fold(self, name: str, array: Array) -> None:
        """Record the constant that a node of constants computes."""
        self._constants[name] = array

    def written(self, value: Value, order: tuple[int, ...]) -> str:
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
