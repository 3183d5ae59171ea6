"""What a TensorFlow Lite file holds: tensors, and operators in the order in which they run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
import math

import numpy as np

from edge_compiler.builder import Array
from edge_compiler.frontends.tflite.flatbuffer import Table
from edge_compiler.frontends.tflite.operator import (
    Operator,
    Quantisation,
    Tensor,
    UnsupportedError,
)
from edge_compiler.frontends.tflite.schema import CUSTOM, OPERATORS, TYPES
from edge_compiler.frontends.tflite.sparse import densify

_MOST_AXES = 8
_MOST_OPERANDS = 4096
_WITHOUT_OUTPUT = ("ASSIGN_VARIABLE", "CALL_ONCE")


class File:
    """
    The only graph of a file, but for those that run once before it.

    :ivar root: all that it holds.
    :ivar inputs: of the network, in the file's order.
    :ivar outputs: each once.
    :ivar starts: operators that run once.
    """

    def __init__(self, data: bytes) -> None:
        """
        Read it.

        :raises ValueError: if it is damaged.
        """
        self.root = Table.root(data)
        self._data = data
        self._codes = self.root.tables(1, _kind)
        self._buffers = self.root.each(4)
        graphs = self.root.each(2)
        if not graphs:
            raise ValueError("it has no graph")
        self._names: Counter[str] = Counter()
        main, *others = graphs
        self.tensors, self.operators = self._graph(main)
        self.inputs = _several(main, 1, self.tensors)
        self.outputs = list(dict.fromkeys(_several(main, 2, self.tensors)))
        once = {op.option(0) for op in self.operators if op.kind == "CALL_ONCE"}
        if once != set(range(1, len(graphs))):
            raise UnsupportedError(
                f"it has {len(graphs)} graphs, as control flow and several signatures make them: "
                "convert one function of the model, without loops and conditions"
            )
        self.starts = [operator for graph in others for operator in self._graph(graph)[1]]

    def _graph(self, table: Table) -> tuple[list[Tensor], list[Operator]]:
        """Return a graph's tensors, and its operators, which are of these."""
        tensors = table.tables(0, self._tensor)
        return tensors, table.tables(3, partial(self._operator, tensors))

    def _operator(self, tensors: Sequence[Tensor], table: Table) -> Operator:
        kind = self._codes[table.number(0, "<I")]
        indices = table.array(1, np.int32, _MOST_OPERANDS).tolist()
        inputs = [None if index == -1 else _at(index, tensors) for index in indices]
        outputs = _several(table, 2, tensors)
        if not outputs and kind not in _WITHOUT_OUTPUT:
            raise ValueError(f"an operator {kind} computes nothing")
        return Operator(kind, inputs, outputs, table.table(4), table.array(5, np.uint8))

    def _tensor(self, table: Table) -> Tensor:
        shape = tuple(table.array(0, np.int32, _MOST_AXES).tolist())
        name = self.unique(table.text(3) or "tensor")
        if min(shape, default=0) < 0:
            raise ValueError(f"the tensor '{name}' has the shape {list(shape)}")
        kind = TYPES.get(table.number(1, "<b"))
        if table.number(5, "<b"):
            raise UnsupportedError(
                f"the tensor '{name}' keeps its value from run to run: convert the model with its "
                "state as an input and an output"
            )
        tensor = Tensor(name, shape, kind, _quantisation(table.table(4), shape))
        content, sparsity = self.content(table.number(2, "<I")), table.table(6)
        if sparsity is not None and len(content) and kind is not None:
            content = densify(content.view(kind), shape, sparsity).reshape(-1).view(np.uint8)
        if len(content) and kind is not None:
            count = math.prod(shape)
            if len(content) != count * np.dtype(kind).itemsize:
                raise ValueError(f"the tensor '{name}' has {len(content)} bytes for {shape}")
            tensor.constant = content.view(np.dtype(kind).newbyteorder("<")).reshape(shape)
        return tensor

    def content(self, index: int) -> Array:
        """Return the bytes of a buffer; those of large files lie behind all tables."""
        buffer = self._buffers[index]
        begin, size = buffer.number(1, "<Q"), buffer.number(2, "<Q")
        if begin > 1:
            return np.frombuffer(self._data, np.uint8, size, begin)
        return buffer.array(0, np.uint8)

    def unique(self, name: str) -> str:
        """Return a name that no tensor had before."""
        while True:
            self._names[name] += 1
            if self._names[name] == 1:
                return name
            name = f"{name}:{self._names[name]}"

    def rename(self, tensor: Tensor, name: str) -> None:
        """Give a tensor a name; one that had it gets the other's."""
        for other in self.tensors:
            if other.name == name:
                other.name = tensor.name
        self._names[name] += 1
        tensor.name = name


def _several(table: Table, number: int, tensors: Sequence[Tensor]) -> list[Tensor]:
    indices = table.array(number, np.int32, _MOST_OPERANDS).tolist()
    return [_at(index, tensors) for index in indices]


def _at(index: int, tensors: Sequence[Tensor]) -> Tensor:
    if not 0 <= index < len(tensors):
        raise ValueError(f"there is no tensor {index}")
    return tensors[index]


def _kind(code: Table) -> str:
    """Return the name of an operator; small numbers stood in another field once."""
    number = max(code.number(0, "<b"), code.number(3))
    if number == CUSTOM:
        return code.text(1)
    return OPERATORS[number] if 0 <= number < len(OPERATORS) else f"number {number}"


def _quantisation(table: Table | None, shape: tuple[int, ...]) -> Quantisation | None:
    if table is None:
        return None
    scales = table.array(2, np.float32)
    zeros = table.array(3, np.int64)
    axis = table.number(6)
    if not len(scales):
        return None
    if len(scales) > 1 and not (0 <= axis < len(shape) and len(scales) == shape[axis]):
        raise ValueError(f"a tensor of shape {list(shape)} has {len(scales)} scales")
    if not (np.isfinite(scales).all() and scales.min() > 0):
        raise ValueError("a scale is no number above zero")
    if len(zeros) != len(scales):
        zeros = np.broadcast_to(zeros[:1] if len(zeros) else np.int64(0), scales.shape)
    return Quantisation(scales, zeros, axis if len(scales) > 1 else 0)
