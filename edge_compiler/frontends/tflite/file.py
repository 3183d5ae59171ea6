"""What a TensorFlow Lite file holds: tensors, and operators in the order in which they run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
import math

import numpy as np

from edge_compiler.builder import Array
from edge_compiler.frontends.tflite.flatbuffer import Table
from edge_compiler.frontends.tflite.schema import CUSTOM, OPERATORS, TYPES

_MOST_AXES = 8
_MOST_OPERANDS = 4096
_WITHOUT_OUTPUT = ("ASSIGN_VARIABLE", "CALL_ONCE")


class UnsupportedError(ValueError):
    """What is right in a file, and can't be ONNX here; the message says what to do."""


@dataclass(frozen=True, eq=False)
class Quantisation:
    """
    How integers stand for numbers: ``(integer - zero) * scale``.

    :ivar scales: one, or one for each index along the axis; above zero, float32.
    :ivar zeros: as many, int64.
    """

    scales: Array
    zeros: Array
    axis: int = 0

    def __eq__(self, other: object) -> bool:
        """Return whether the same integers stand for the same numbers."""
        return (
            isinstance(other, Quantisation)
            and np.array_equal(self.scales, other.scales)
            and np.array_equal(self.zeros, other.zeros)
            and self.axis == other.axis
        )


@dataclass(eq=False)
class Tensor:
    """
    A tensor of the file.

    :ivar name: no other tensor has it.
    :ivar shape: as in the file; images have their channels last.
    :ivar constant: its values, if the file has them.
    """

    name: str
    shape: tuple[int, ...]
    type: type[np.generic] | None = np.float32
    quantisation: Quantisation | None = None
    constant: Array | None = None

    @property
    def rank(self) -> int:
        """How many axes it has."""
        return len(self.shape)


@dataclass(frozen=True)
class Operator:
    """
    An operator of the file.

    :ivar kind: its name in the schema, or its own name if it is no part of it.
    :ivar inputs: None is one that it lacks.
    :ivar custom: the options of a kind that is no part of the schema.
    """

    kind: str
    inputs: list[Tensor | None]
    outputs: list[Tensor]
    options: Table | None = None
    custom: Array = field(default_factory=lambda: np.zeros(0, np.uint8))

    @property
    def output(self) -> Tensor:
        """The first of its outputs."""
        return self.outputs[0]

    def has(self, index: int) -> bool:
        """Return whether it has an input."""
        return index < len(self.inputs) and self.inputs[index] is not None

    def tensor(self, index: int) -> Tensor:
        """Return an input."""
        if not self.has(index):
            raise ValueError(f"it lacks its input {index}")
        tensor = self.inputs[index]
        assert tensor is not None
        return tensor

    def tensors(self) -> list[Tensor]:
        """Return all inputs, which must be there."""
        return [self.tensor(index) for index in range(len(self.inputs))]

    def constant(self, index: int) -> Array:
        """Return the values of an input that the file has."""
        tensor = self.tensor(index)
        if tensor.constant is None:
            raise UnsupportedError(
                f"its input '{tensor.name}' is computed while the model runs, and must be a "
                "constant: convert the model with fixed shapes"
            )
        return tensor.constant

    def integers(self, index: int) -> list[int]:
        """Return the values of such an input, one after the other."""
        return [int(number) for number in self.constant(index).reshape(-1).tolist()]

    def option(self, number: int, form: str = "<i") -> int:
        """Return a whole number of its options, by its place in the schema."""
        return 0 if self.options is None else self.options.number(number, form)

    def flag(self, number: int) -> bool:
        """Return a yes or no of its options."""
        return self.option(number, "<b") != 0

    def real(self, number: int) -> float:
        """Return a number of its options."""
        return 0.0 if self.options is None else self.options.real(number)


class File:
    """
    The only graph of a file, but for those that run once before it.

    :ivar inputs: of the network, in the file's order.
    :ivar outputs: each once.
    :ivar starts: operators that run once.
    """

    def __init__(self, data: bytes) -> None:
        """
        Read it.

        :raises ValueError: if it is damaged.
        """
        root = Table.root(data)
        self._data = data
        self._codes = root.tables(1, _kind)
        self._buffers = root.tables(4, lambda table: table)
        graphs = root.tables(2, lambda table: table)
        if not graphs:
            raise ValueError("it has no graph")
        main, *others = graphs
        self._names: Counter[str] = Counter()
        self.tensors = main.tables(0, self._tensor)
        self.inputs = self._several(main, 1)
        self.outputs = list(dict.fromkeys(self._several(main, 2)))
        self.operators = main.tables(3, self._operator)
        once = {op.option(0) for op in self.operators if op.kind == "CALL_ONCE"}
        if once != set(range(1, len(graphs))):
            raise UnsupportedError(
                f"it has {len(graphs)} graphs, as control flow and several signatures make them: "
                "convert one function of the model, without loops and conditions"
            )
        self.starts: list[Operator] = []
        tensors = self.tensors
        for graph in others:
            self.tensors = graph.tables(0, self._tensor)
            self.starts += graph.tables(3, self._operator)
        self.tensors = tensors

    def _several(self, table: Table, number: int) -> list[Tensor]:
        indices = table.array(number, np.int32, _MOST_OPERANDS).tolist()
        return [self._at(index) for index in indices]

    def _at(self, index: int) -> Tensor:
        if not 0 <= index < len(self.tensors):
            raise ValueError(f"there is no tensor {index}")
        return self.tensors[index]

    def _operator(self, table: Table) -> Operator:
        kind = self._codes[table.number(0, "<I")]
        indices = table.array(1, np.int32, _MOST_OPERANDS).tolist()
        inputs = [None if index == -1 else self._at(index) for index in indices]
        outputs = self._several(table, 2)
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
        if table.table(6) is not None:
            raise UnsupportedError(
                f"the tensor '{name}' is sparse: convert the model with dense weights"
            )
        tensor = Tensor(name, shape, kind, _quantisation(table.table(4), shape))
        content = self._content(table.number(2, "<I"))
        if len(content) and kind is not None:
            count = math.prod(shape)
            if len(content) != count * np.dtype(kind).itemsize:
                raise ValueError(f"the tensor '{name}' has {len(content)} bytes for {shape}")
            tensor.constant = content.view(np.dtype(kind).newbyteorder("<")).reshape(shape)
        return tensor

    def _content(self, index: int) -> Array:
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
