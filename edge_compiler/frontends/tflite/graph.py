"""The tensors and operators of a TensorFlow Lite file, and the ONNX nodes that they become."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper, TensorProto

from edge_compiler.builder import Array, Builder
from edge_compiler.frontends.tflite.flatbuffer import Table

_TYPES = {0: np.float32, 1: np.float16, 2: np.int32}
TO_ONNX, FROM_ONNX = (0, 3, 1, 2), (0, 2, 3, 1)
"""Permutations of an image's axes."""

Code = tuple[int, str]
"""The number of an operator in the format's schema, or its name if it is no part of it."""


@dataclass
class Tensor:
    """
    A tensor of the file.

    :ivar shape: as in the file, channels last.
    :ivar constant: its values, if the file has them.
    """

    name: str
    shape: tuple[int, ...]
    constant: Array | None = None


@dataclass(frozen=True)
class Operator:
    """
    An operator of the file.

    :ivar inputs: None is one that it lacks.
    :ivar options: numbers of its kind; None: all are 0.
    :ivar custom: the options of a kind that is no part of the format.
    """

    inputs: list[Tensor | None]
    output: Tensor
    options: Table | None
    custom: Array

    def tensor(self, index: int) -> Tensor:
        """Return an input."""
        tensor = self.inputs[index]
        if tensor is None:
            raise ValueError(f"{self.output.name} lacks its input {index}")
        return tensor

    def constant(self, index: int) -> Array:
        """Return the values of an input that the file has."""
        array = self.tensor(index).constant
        if array is None:
            raise ValueError(f"{self.tensor(index).name} is no constant")
        return array

    def option(self, field: int, form: str = "<i") -> int:
        """Return an option by its number in the schema."""
        return 0 if self.options is None else self.options.number(field, form)


class Graph(Builder):
    """The first graph of a file, as ONNX nodes."""

    def __init__(self, file: Table, names: Mapping[str, str] | None) -> None:
        super().__init__()
        self._codes = file.tables(
            1, lambda code: (max(code.number(0, "<b"), code.number(3)), code.text(1))
        )
        buffers = file.tables(4, lambda buffer: buffer.array(0, np.uint8))
        graph = file.tables(2, lambda table: table)[0]
        self._tensors = graph.tables(0, lambda tensor: _tensor(tensor, buffers, names or {}))
        self._operators = graph.tables(3, lambda table: table)
        (image,) = graph.array(1, np.int32).tolist()
        self._image = self._tensors[image]
        results = [self._tensors[index] for index in graph.array(2, np.int32).tolist()]
        wanted = None if names is None else set(names.values())
        self._results = [one for one in results if wanted is None or one.name in wanted]

    def convert(
        self, rules: Mapping[Code, Callable[[Graph, Operator], None]], logits: Collection[str]
    ) -> onnx.ModelProto:
        """
        Return the model.

        :param rules: for each operator, what adds its nodes.
        :param logits: outputs that get a Sigmoid.
        """
        for table in self._operators:
            code = self._codes[table.number(0, "<I")]
            if code not in rules:
                raise ValueError(f"the operator {code[1] or code[0]} is not known")
            indices = table.array(1, np.int32).tolist()
            inputs = [self._tensors[index] if index >= 0 else None for index in indices]
            output = self._tensors[table.array(2, np.int32)[0]]
            operator = Operator(inputs, output, table.table(4), table.array(5, np.uint8))
            rules[code](self, operator)
        for name in logits:
            self.rename(name, f"{name}/logit")
            self.add("Sigmoid", [f"{name}/logit"], name)
        return self.model("tflite", [_info(self._image)], [_info(one) for one in self._results])

    def rename(self, name: str, to: str) -> None:
        """Call otherwise what a node computes and no node reads."""
        for node in self.nodes:
            if node.output[0] == name:
                node.output[0] = node.name = to

    def finish(self, x: str, output: Tensor, activation: int = 0) -> None:
        """Apply a fused activation, and call what comes out as the output."""
        if activation == 0:
            self.nodes[-1].output[0] = self.nodes[-1].name = output.name
        elif activation == 1:
            self.add("Relu", [x], output.name)
        elif activation == 3:
            limits = [self.constant(f"{output.name}/{n}", np.float32(n)) for n in (0, 6)]
            self.add("Clip", [x, *limits], output.name)
        else:
            raise ValueError(f"the activation {activation} of {output.name} is not known")

    def read(self, tensor: Tensor) -> str:
        """Return the name of a tensor, and add it if it is a constant."""
        array = tensor.constant
        if array is None:
            return tensor.name
        return self.constant(tensor.name, array.transpose(TO_ONNX) if array.ndim == 4 else array)


def _tensor(table: Table, buffers: list[Array], names: Mapping[str, str]) -> Tensor:
    shape = tuple(table.array(0, np.int32).tolist())
    name = table.text(3)
    data = buffers[table.number(2, "<I")]
    constant = None
    if len(data):
        constant = data.view(_TYPES[table.number(1, "<b")]).reshape(shape)
    return Tensor(names.get(name, name), shape, constant)


def _info(tensor: Tensor) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(tensor.name, TensorProto.FLOAT, onnx_shape(tensor))


def onnx_shape(tensor: Tensor) -> tuple[int, ...]:
    """Return the shape of a tensor in ONNX."""
    shape = tensor.shape
    return tuple(shape[axis] for axis in TO_ONNX) if len(shape) == 4 else shape
