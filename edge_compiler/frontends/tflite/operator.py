"""Operators of a TensorFlow Lite file, and the tensors that they read and compute."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from edge_compiler.builder import Array
from edge_compiler.frontends.tflite.flatbuffer import Table


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
