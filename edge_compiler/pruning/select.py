"""
Which channels go: those that lose least for the work that they cost.

Channels go a block at a time, so that kernels have whole vectors of them left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_compiler import ops
from edge_compiler.ir.graph import Graph
from edge_compiler.pruning.channels import Channels, FIXED

Array = np.ndarray[Any, Any]

LEAST_LEFT = 0.25
"""Of the channels that are made alike: without any, a network is cut off."""


@dataclass(frozen=True)
class Pruned:
    """
    Channels that may go.

    :ivar removed: whether a group of channels is, by the number of its first atom.
    :ivar share: of the network's multiply-accumulates that are gone then.
    """

    removed: Array
    share: float


def prunings(
    graph: Graph, channels: Channels, scores: Array, block: int | None = None
) -> Iterator[Pruned]:
    """
    Yield what may go, from nothing to all that can be spared; each has the ones before in it.

    :param scores: what is lost with each group, by the number of its first atom.
    :param block: channels that go at a time; None: as kernels have them in a vector.
    """
    work = _Work(graph, channels)
    removed = np.zeros(len(channels.groups), bool)
    total = left = work.of(removed)
    waiting = [
        _Alike(sorted(groups, key=lambda group: scores[group]), block)
        for groups in _alike(channels)
    ]
    yield Pruned(removed, 0.0)

    def price(alike: _Alike) -> float:
        """Return what is lost for each multiply-accumulate that is saved."""
        saved = left - work.of(_with(removed, alike.next))
        return float(scores[alike.next].sum() / max(saved, 1.0))

    prices = {alike: price(alike) for alike in waiting if alike.next}
    while prices:
        alike = min(prices, key=lambda each: prices[each])
        cheapest = prices.pop(alike)
        more = _with(removed, alike.next)
        if channels.empties(more):
            continue
        if (now := price(alike)) > cheapest * (1 + 1e-9):  # as less is saved than at first
            prices[alike] = now
            continue
        removed, left = more, work.of(more)
        alike.take()
        if alike.next:
            prices[alike] = price(alike)
        yield Pruned(removed, 1 - left / total)


def _with(removed: Array, groups: list[int]) -> Array:
    more: Array = removed.copy()
    more[groups] = True
    return more


class _Alike:
    """
    Groups of channels that the same layers make.

    :ivar next: the ones that go next, so that whole blocks are left; none: the rest must stay.
    """

    def __init__(self, groups: list[int], block: int | None) -> None:
        """
        Begin with all of them.

        :param groups: the least first.
        """
        self._groups = groups
        usual = 16 if len(groups) > 16 else 8
        self._block = usual if block is None else block
        self._least = max(1, int(len(groups) * LEAST_LEFT))
        self.next: list[int] = []
        self._find()

    def take(self) -> None:
        """Let them go."""
        self._groups = self._groups[len(self.next) :]
        self._find()

    def _find(self) -> None:
        left = (len(self._groups) - 1) // self._block * self._block
        self.next = self._groups[: len(self._groups) - left] if left >= self._least else []


def _alike(channels: Channels) -> list[list[int]]:
    """Return the groups that may go, by the layers that make them."""
    makers: dict[int, list[int]] = defaultdict(list)
    for number, layer in enumerate(channels.layers):
        for group in channels.groups[layer.outputs].tolist():
            makers[group].append(number)
    found: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for group, layers in makers.items():
        if group != FIXED:
            found[tuple(layers)].append(group)
    return list(found.values())


class _Work:
    """The multiply-accumulates of a graph without some of its channels."""

    def __init__(self, graph: Graph, channels: Channels) -> None:
        inputs = {layer.node: layer.inputs for layer in channels.layers}
        self._parts: list[tuple[int, list[Array]]] = []
        for node in graph.nodes:
            along = (channels.along.get(node.output), inputs.get(node))
            groups = [channels.groups[each.atoms] for each in along if each is not None]
            if work := ops.macs(node):
                self._parts.append((work, groups))

    def of(self, removed: Array) -> float:
        """Return how many are left."""
        total = 0.0
        for work, groups in self._parts:
            left = float(work)
            for each in groups:
                left *= 1 - np.count_nonzero(removed[each]) / len(each)
            total += left
        return total
