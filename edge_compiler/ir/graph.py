"""
The intermediate representation: ONNX operators in execution order over values of static shape.

The semantics of every node are ONNX's (opset ``OPSET``), so a graph can be checked against ONNX
Runtime after any pass. Some things go beyond ONNX, all written by passes:

- ``Node.fused``: an activation (and for Conv a residual input) that the node applies to what it
  computed;
- the operator ``ChannelAffine``: ``y[n, c, ...] = x[n, c, ...] * scale[c] + shift[c]`` with the
  inputs (x, scale, shift): what BatchNormalization and per-channel Mul/Add come down to;
- the operator ``ChannelShuffle``: with ``g`` the attribute ``groups`` and ``m`` the channels of
  a group, ``y[n, j * g + i, ...] = x[n, i * m + j, ...]``: what the Reshape, Transpose, Reshape
  of ShuffleNet come down to;
- the operator ``SiLU``: ``y = x * Sigmoid(x)``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

OPSET = 21
"""The ONNX opset that the front end converts every model to."""


@dataclass(eq=False)
class Value:
    """
    A tensor: the input of a model, a constant, or what a node computes. Compared by identity.

    :ivar name: the ONNX tensor name; unique in a graph. Passes keep it, so that what the compiled
        code computes can be compared with the same tensor in ONNX Runtime.
    :ivar shape: all dimensions, static.
    :ivar dtype: numpy dtype of the elements.
    :ivar constant: the data, when it is known before the robot runs.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype(np.float32))
    constant: np.ndarray[Any, Any] | None = None

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __repr__(self) -> str:
        kind = "const " if self.constant is not None else ""
        return f"{kind}{self.name}: {self.dtype}{list(self.shape)}"


@dataclass(frozen=True)
class Activation:
    """
    A function of one number, applied to a node's result: ONNX operator name, two parameters.

    ``Relu``, ``Sigmoid``, ``Tanh``, ``HardSwish``, ``SiLU`` (x * Sigmoid(x)) take none; ``Clip``
    takes (minimum, maximum); ``LeakyRelu`` takes (alpha, 0); ``HardSigmoid`` takes (alpha, beta).
    """

    op: str
    a: float = 0.0
    b: float = 0.0

    def __str__(self) -> str:
        arguments = {
            "Clip": f"({self.a:g}, {self.b:g})",
            "LeakyRelu": f"({self.a:g})",
            "HardSigmoid": f"({self.a:g}, {self.b:g})",
        }
        return self.op + arguments.get(self.op, "")


@dataclass(frozen=True, eq=False)
class Fused:
    """What a node does to its result before storing it: add ``residual``, apply ``activation``."""

    residual: Value | None = None
    activation: Activation | None = None


@dataclass(eq=False)
class Node:
    """
    One operation. Compared by identity.

    :ivar op: ONNX operator name, or one of the internal operators above.
    :ivar name: unique in a graph; the ONNX node's name, or one made from its output.
    :ivar inputs: in ONNX order; an omitted optional input is None.
    :ivar outputs: in ONNX order.
    :ivar attributes: ONNX attributes as Python values, defaults filled in by the front end.
    :ivar fused: residual and activation, see Fused.
    :ivar origins: names of the ONNX nodes that this node stands for, itself included.
    """

    op: str
    name: str
    inputs: list[Value | None]
    outputs: list[Value]
    attributes: dict[str, Any] = field(default_factory=dict)
    fused: Fused = field(default_factory=Fused)
    origins: tuple[str, ...] = ()

    @property
    def output(self) -> Value:
        """The first output."""
        return self.outputs[0]

    def input(self, index: int) -> Value:
        """Return an input that the operator can't do without."""
        value = self.inputs[index]
        if value is None:
            raise ValueError(f"{self.op} node {self.name!r} lacks its input {index}")
        return value

    def constant(self, index: int) -> np.ndarray[Any, Any] | None:
        """Return the data of a constant input; None if it is left out or computed."""
        value = self.inputs[index] if index < len(self.inputs) else None
        return None if value is None else value.constant

    def reads(self) -> Iterator[Value]:
        """Every value that must be there before this node runs: its inputs and the residual."""
        yield from (value for value in self.inputs if value is not None)
        if self.fused.residual is not None:
            yield self.fused.residual


@dataclass(eq=False)
class Graph:
    """A model: ``nodes`` in execution order turn ``inputs`` into ``outputs``."""

    name: str
    inputs: list[Value]
    outputs: list[Value]
    nodes: list[Node]
    metadata: dict[str, str] = field(default_factory=dict)

    def producer(self, value: Value) -> Node | None:
        """Return the node that computes ``value``; None for an input or a constant."""
        return next((node for node in self.nodes if value in node.outputs), None)

    def consumers(self, value: Value) -> list[Node]:
        """Return the nodes that read ``value``, in execution order."""
        return [node for node in self.nodes if any(read is value for read in node.reads())]

    def sole_consumer(self, value: Value) -> Node | None:
        """Return the only node that reads ``value``, None if others do or it is an output."""
        consumers = self.consumers(value)
        return consumers[0] if len(consumers) == 1 and value not in self.outputs else None

    def replace(self, old: Value, new: Value) -> None:
        """Let everything that reads ``old`` read ``new`` instead (graph outputs too)."""
        for node in self.nodes:
            node.inputs = [new if value is old else value for value in node.inputs]
            if node.fused.residual is old:
                node.fused = Fused(new, node.fused.activation)
        self.outputs = [new if value is old else value for value in self.outputs]

    def constants(self) -> list[Value]:
        """Return the constants that nodes read, each once, in order of first use."""
        reads = (value for node in self.nodes for value in node.reads())
        return list({id(value): value for value in reads if value.constant is not None}.values())
