"""Where an operator stands that shall compute in integers, and what takes its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from edge_compiler.ir.graph import Fused, Graph, Node, Value
from edge_compiler.ops.activations import activation_of
from edge_compiler.passes.integers.operands import source_of
from edge_perception.runtime.dtypes import ELEMENT_TYPES

_INT64 = ELEMENT_TYPES["int64"]
SHARED = ("DequantizeLinear", "Split")
"""Operators whose results are quantised one by one: they stay for the readers of others."""


@dataclass(frozen=True)
class Place:
    """
    An operator whose result is quantised.

    :ivar last: the QuantizeLinear.
    :ivar limit: a Relu or Clip between both.
    """

    graph: Graph
    node: Node
    last: Node
    limit: Node | None = None

    @property
    def result(self) -> Value:
        """The integers that it is to compute."""
        return self.last.output

    @property
    def parts(self) -> list[Node]:
        """The nodes that go, in execution order."""
        return [part for part in (self.node, self.limit, self.last) if part is not None]

    def source(self, index: int) -> Value:
        """Return the integers that an input of the operator stands for."""
        return source_of(self.graph, self.node.input(index))

    def made(self, op: str, inputs: list[Value | None], output: Value | None = None) -> Node:
        """Return the operator that takes its place, or a part of it if it has another output."""
        activation = None if self.limit is None else activation_of(self.limit)
        nodes = (n for value in self.node.inputs if value for n in [self.graph.producer(value)])
        around = [n for n in nodes if n is not None and n.op == "DequantizeLinear"]
        name = (self.last if self.node.op in SHARED else self.node).name
        return Node(
            op,
            name if output is None else f"{name}/{op}",
            inputs,
            [self.result if output is None else output],
            self.node.attributes,
            Fused(None, activation),
            tuple(dict.fromkeys(o for part in (*around, *self.parts) for o in part.origins)),
        )


Rule = Callable[[Place], list[Node]]
"""Returns the nodes that compute the result; raises `NotInIntegersError`."""


def indices(place: Place, numbers: Mapping[str, int | list[int]]) -> list[Value | None]:
    """Return constants that say where, by their names."""
    arrays = {name: np.array(given, np.int64).reshape(-1) for name, given in numbers.items()}
    return [
        Value(f"{place.result.name}/{name}", array.shape, _INT64, array)
        for name, array in arrays.items()
    ]
