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
- the operator ``SiLU``: ``y = x * Sigmoid(x)``;
- the operators of quantised values, ``QConv`` and others, see ``ir/quantised.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
import math
from typing import Any

import numpy as np

from edge_compiler.ir.dtype import Quantisation
from edge_compiler.ir.order import Order
from edge_perception.runtime.dtypes import ElementType, FLOAT32

OPSET = 23
"""The ONNX opset that the front end converts every model to."""


@dataclass(eq=False)
class Value:
    """
    A tensor: the input of a model, a constant, or what a node computes. Compared by identity.

    :ivar name: the ONNX tensor name; unique in a graph. Passes keep it, so that what the compiled
        code computes can be compared with the same tensor in ONNX Runtime.
    :ivar shape: all dimensions, static.
    :ivar type: of the elements.
    :ivar constant: the data, when it is known before the robot runs.
    :ivar quantisation: what its integers stand for; None: themselves.
    """

    name: str
    shape: tuple[int, ...]
    type: ElementType = FLOAT32
    constant: np.ndarray[Any, Any] | None = None
    quantisation: Quantisation | None = None

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Of all elements."""
        return self.size * self.type.bytes

    def __repr__(self) -> str:
        kind = "const " if self.constant is not None else ""
        return f"{kind}{self.name}: {self.type}{list(self.shape)}"


@dataclass(frozen=True)
class Activation:
    """
    A function of one number that a node is, or applies to its result.

    :ivar op: its name in the table of functions, ``ops/activations.py``.
    :ivar parameters: two at most.
    """

    op: str
    parameters: tuple[float, ...] = ()

    @property
    def pair(self) -> tuple[float, float]:
        """The parameters, and zeros where there are none."""
        a, b, *_ = (*self.parameters, 0.0, 0.0)
        return a, b

    def __str__(self) -> str:
        arguments = ", ".join(f"{number:g}" for number in self.parameters)
        return f"{self.op}({arguments})" if arguments else self.op


@dataclass(frozen=True, eq=False)
class Fused:
    """What a node does to its result before storing it: add ``residual``, apply ``activation``."""

    residual: Value | None = None
    activation: Activation | None = None


class Node:
    """
    One operation. Compared by identity.

    What it reads and computes is only ever set as a whole, so that its graph knows.

    :ivar op: ONNX operator name, or one of the internal operators above.
    :ivar name: unique in a graph; the ONNX node's name, or one made from its output.
    :ivar attributes: ONNX attributes as Python values, defaults filled in by the front end.
    :ivar origins: names of the ONNX nodes that this node stands for, itself included.
    """

    def __init__(
        self,
        op: str,
        name: str,
        inputs: Iterable[Value | None],
        outputs: Iterable[Value],
        attributes: dict[str, Any] | None = None,
        fused: Fused | None = None,
        origins: tuple[str, ...] = (),
    ) -> None:
        """Make a node that is in no graph yet."""
        self.op, self.name, self.origins = op, name, origins
        self.attributes = {} if attributes is None else attributes
        self._inputs, self._outputs = tuple(inputs), tuple(outputs)
        self._fused = Fused() if fused is None else fused
        self._links: _Links | None = None

    def __repr__(self) -> str:
        return f"{self.op} {self.name}"

    @property
    def inputs(self) -> tuple[Value | None, ...]:
        """In ONNX order; an omitted optional input is None."""
        return self._inputs

    @inputs.setter
    def inputs(self, values: Iterable[Value | None]) -> None:
        with _relinked(self):
            self._inputs = tuple(values)

    @property
    def outputs(self) -> tuple[Value, ...]:
        """In ONNX order."""
        return self._outputs

    @outputs.setter
    def outputs(self, values: Iterable[Value]) -> None:
        with _relinked(self):
            self._outputs = tuple(values)

    @property
    def fused(self) -> Fused:
        """Residual and activation, see Fused."""
        return self._fused

    @fused.setter
    def fused(self, fused: Fused) -> None:
        with _relinked(self):
            self._fused = fused

    @property
    def output(self) -> Value:
        """The first output."""
        return self._outputs[0]

    def input(self, index: int) -> Value:
        """
        Return an input that the operator can't do without.

        :raises ValueError: if the node lacks it.
        """
        value = self._inputs[index]
        if value is None:
            raise ValueError(f"{self.op} node {self.name!r} lacks its input {index}")
        return value

    def constant(self, index: int) -> np.ndarray[Any, Any] | None:
        """Return the data of a constant input; None if it is left out or computed."""
        value = self._inputs[index] if index < len(self._inputs) else None
        return None if value is None else value.constant

    def reads(self) -> Iterator[Value]:
        """Every value that must be there before this node runs: its inputs and the residual."""
        yield from (value for value in self._inputs if value is not None)
        if self._fused.residual is not None:
            yield self._fused.residual


class _Links:
    """Which node of a graph computes each value, and which ones read it."""

    def __init__(self) -> None:
        self.producer: dict[Value, Node] = {}
        self.readers: dict[Value, dict[Node, None]] = {}

    def add(self, node: Node) -> None:
        """Take in what a node reads and computes."""
        node._links = self
        for value in node.outputs:
            self.producer[value] = node
        for value in node.reads():
            self.readers.setdefault(value, {})[node] = None

    def drop(self, node: Node) -> None:
        """Forget a node."""
        node._links = None
        for value in node.outputs:
            if self.producer.get(value) is node:  # else another node has taken it over
                del self.producer[value]
        for value in set(node.reads()):
            del self.readers[value][node]


@contextmanager
def _relinked(node: Node) -> Iterator[None]:
    """Let the graph of a node know what the block changes."""
    links = node._links
    if links is not None:
        links.drop(node)
    yield
    if links is not None:
        links.add(node)


class Graph:
    """
    A model: ``nodes`` in execution order turn ``inputs`` into ``outputs``.

    Who computes and who reads a value is known at once, however large the graph is.

    :ivar operators: the operator of each node in the file, by name: passes change it.
    """

    def __init__(
        self,
        name: str,
        inputs: list[Value],
        outputs: Iterable[Value],
        nodes: Iterable[Node],
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Take over nodes that are in no other graph, in execution order."""
        self.name, self.inputs, self.metadata = name, inputs, dict(metadata or {})
        self.outputs = tuple(outputs)
        self._nodes: Order[Node] = Order(nodes)
        self._links = _Links()
        for node in self._nodes:
            self._links.add(node)
        self.operators = {node.name: node.op for node in self._nodes}

    @property
    def nodes(self) -> Sequence[Node]:
        """The nodes in execution order."""
        return self._nodes

    @property
    def outputs(self) -> tuple[Value, ...]:
        """What the model computes."""
        return self._outputs

    @outputs.setter
    def outputs(self, values: Iterable[Value]) -> None:
        self._outputs = tuple(values)
        self._is_output = frozenset(self._outputs)

    def is_output(self, value: Value) -> bool:
        """Return whether the model yields ``value``."""
        return value in self._is_output

    def producer(self, value: Value) -> Node | None:
        """Return the node that computes ``value``; None for an input or a constant."""
        return self._links.producer.get(value)

    def consumers(self, value: Value) -> list[Node]:
        """Return the nodes that read ``value``, in execution order."""
        return self._nodes.sorted(self._links.readers.get(value, ()))

    def sole_consumer(self, value: Value) -> Node | None:
        """Return the only node that reads ``value``, None if others do or it is an output."""
        readers = self._links.readers.get(value, {})
        return next(iter(readers)) if len(readers) == 1 and not self.is_output(value) else None

    def precedes(self, first: Node, second: Node) -> bool:
        """Return whether ``first`` runs before ``second``."""
        return self._nodes.precedes(first, second)

    def remove(self, node: Node) -> None:
        """Take a node out."""
        self._nodes.remove(node)
        self._links.drop(node)

    def insert_after(self, place: Node, node: Node) -> None:
        """Put a node that is in no graph right after another one."""
        self._nodes.insert_after(place, node)
        self._links.add(node)

    def insert_before(self, place: Node, node: Node) -> None:
        """Put a node that is in no graph right before another one."""
        self._nodes.insert_before(place, node)
        self._links.add(node)

    def replace(self, old: Value, new: Value) -> None:
        """Let everything that reads ``old`` read ``new`` instead (graph outputs too)."""
        for node in self.consumers(old):
            node.inputs = [new if value is old else value for value in node.inputs]
            if node.fused.residual is old:
                node.fused = Fused(new, node.fused.activation)
        if self.is_output(old):
            self.outputs = [new if value is old else value for value in self.outputs]

    def constants(self) -> list[Value]:
        """Return the constants that nodes read, each once, in order of first use."""
        reads = (value for node in self.nodes for value in node.reads())
        return list({value: None for value in reads if value.constant is not None})
