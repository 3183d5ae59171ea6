"""
Which channels of a network stand and fall together.

Each output channel of a layer is an atom. Atoms are followed through the network: what adds two
tensors up unites theirs, a Flatten gives each to many columns. What can't be followed, and what
leaves the network, holds its atoms fast: they are united with the atom `FIXED`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_compiler.ir.graph import Graph, Node, Value

Array = np.ndarray[Any, Any]
FIXED = 0
"""The atom that is never removed."""


@dataclass(frozen=True)
class Along:
    """
    The atoms of a tensor.

    :ivar axis: along which its channels lie.
    :ivar atoms: of each index.
    """

    axis: int
    atoms: Array


@dataclass(frozen=True)
class Cut:
    """
    A constant that has a part for each channel.

    :ivar index: of the input that a node reads it as.
    """

    node: Node
    index: int
    along: Along


@dataclass(frozen=True)
class Layer:
    """
    A layer whose weights make channels.

    :ivar axis: of the output channels in its weights.
    :ivar outputs: their atoms.
    :ivar inputs: of what it sums up; None if it sums up no channels, as a depthwise convolution.
    """

    node: Node
    axis: int
    outputs: Array
    inputs: Along | None


class Channels:
    """
    The atoms of a network, as rules find them node by node.

    :ivar along: of the tensors that could be followed.
    :ivar cuts: of the constants that have a part for each channel.
    :ivar layers: that make channels, in execution order.
    """

    def __init__(self, graph: Graph, follow: Callable[[Node, Channels], bool]) -> None:
        """
        Follow all channels of a graph.

        :param follow: notes what a node does to channels; returns whether that is known.
        """
        self.along: dict[Value, Along] = {}
        self.cuts: list[Cut] = []
        self.layers: list[Layer] = []
        self._parent = [FIXED]
        for node in graph.nodes:
            if not follow(node, self):
                for value in node.reads():
                    self.fix(value)
        for value in graph.outputs:
            self.fix(value)
        self.groups = np.array([self._root(atom) for atom in range(len(self._parent))])
        """The group of each atom: the atoms of one are kept or removed together."""

    def new(self, count: int) -> Array:
        """Return atoms that there weren't yet."""
        first = len(self._parent)
        self._parent.extend(range(first, first + count))
        return np.arange(first, first + count)

    def of(self, value: Value, axis: int) -> Array:
        """Return the atoms along an axis of a tensor; what lies along another one is fixed."""
        known = self.along.get(value)
        if known is not None and known.axis == axis:
            return known.atoms
        self.fix(value)
        return np.full(value.shape[axis], FIXED)

    def fix(self, value: Value) -> None:
        """Let no channel of a tensor be removed."""
        if value in self.along:
            self.unite(self.along[value].atoms, FIXED)

    def set(self, value: Value, axis: int, atoms: Array) -> None:
        """Say what lies along an axis of a tensor."""
        assert len(atoms) == value.shape[axis], f"an atom for each channel of {value}"
        self.along[value] = Along(axis, atoms)

    def unite(self, some: Array, others: Array | int) -> None:
        """Let channels be removed together, one of either at a time."""
        for one, other in np.broadcast(some, others):
            low, high = sorted((self._root(int(one)), self._root(int(other))))
            self._parent[high] = low

    def cut(self, node: Node, index: int, axis: int, atoms: Array) -> None:
        """Say that a constant has a part for each channel, if a node reads one there."""
        if node.constant(index) is not None:
            self.cuts.append(Cut(node, index, Along(axis, atoms)))

    def kept(self, atoms: Array, removed: Array) -> Array:
        """
        Return which of these atoms are left.

        :param removed: whether a group is, by the number of its first atom.
        """
        left: Array = ~removed[self.groups[atoms]]
        return left

    def empties(self, removed: Array) -> bool:
        """Return whether some tensor would have no channel left."""
        return any(not self.kept(along.atoms, removed).any() for along in self.along.values())

    def _root(self, atom: int) -> int:
        while (parent := self._parent[atom]) != atom:
            self._parent[atom] = parent = self._parent[parent]
            atom = parent
        return atom


def computed(values: Sequence[Value | None]) -> list[Value]:
    """Return the tensors among a node's inputs that aren't constant."""
    return [value for value in values if value is not None and value.constant is None]
