"""The memory plan: one arena in which buffers that are never alive together share space."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from edge_compiler.targets.program.buffers import Buffer

Gap = tuple[int, float]
"""Where it starts, and before which position it stops."""


@dataclass
class Lifetime:
    """The first and the last step that touch a buffer, both included."""

    buffer: Buffer
    first: int
    last: int


def plan(lifetimes: Iterable[Lifetime]) -> int:
    """
    Give every buffer an offset and return the size of the arena in bytes.

    The greatest buffer first, each into the tightest gap between those already placed that live at
    the same time (greedy by size: Pisarchyk and Lee, "Efficient Memory Management for Deep Neural
    Net Inference", 2020).
    """
    lives = sorted(lifetimes, key=lambda life: (-life.buffer.bytes, life.first))
    begin = min((life.first for life in lives), default=0)
    taken = _Taken(max((life.last for life in lives), default=0) - begin + 1)
    arena = 0
    for life in lives:
        size, first, last = life.buffer.bytes, life.first - begin, life.last - begin
        offset = min(taken.gaps(first, last, size), key=lambda gap: gap[1] - gap[0])[0]
        taken.add(first, last, offset, offset + size)
        life.buffer.offset = offset
        arena = max(arena, offset + size)
    return arena


class _Spans:
    """A set of positions: disjoint spans in their order; those that meet become one."""

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.stops: list[int] = []

    def add(self, start: int, stop: int) -> None:
        """Take in the positions from ``start`` to before ``stop``."""
        first, last = bisect_left(self.stops, start), bisect_right(self.starts, stop)
        if first < last:
            start, stop = min(start, self.starts[first]), max(stop, self.stops[last - 1])
        self.starts[first:last], self.stops[first:last] = [start], [stop]

    @property
    def covered(self) -> int:
        """How many positions are in the set."""
        return sum(self.stops) - sum(self.starts)

    def cut(self, gaps: Iterable[Gap], least: int) -> list[Gap]:
        """Return the parts of gaps that aren't in the set, but for those that are too small."""
        parts: list[Gap] = []
        for start, stop in gaps:
            index = bisect_right(self.stops, start)
            while index < len(self.starts) and self.starts[index] < stop:
                if self.starts[index] - start >= least:
                    parts.append((start, self.starts[index]))
                start = self.stops[index]
                index += 1
            if stop - start >= least:
                parts.append((start, stop))
        return parts


class _Taken:
    """
    Which positions of the arena are taken when: a segment tree over the steps.

    A node of the tree stands for a range of steps, its children ``2 * node`` and ``2 * node + 1``
    for its halves. Adding and asking touch a few nodes a level, whose spans are few: what is
    packed closely is one span. So the plan takes little more time than the number of buffers,
    however many are alive together.
    """

    def __init__(self, steps: int) -> None:
        """Prepare for the steps from 0 to before ``steps``."""
        self._leaves = 1 << (steps - 1).bit_length()
        self._throughout: defaultdict[int, _Spans] = defaultdict(_Spans)
        self._sometimes: defaultdict[int, _Spans] = defaultdict(_Spans)

    def add(self, first: int, last: int, start: int, stop: int) -> None:
        """Take the positions from ``start`` to before ``stop`` during some steps."""
        whole = self._whole(first, last)
        for node in whole:
            self._throughout[node].add(start, stop)
        for node in {*whole, *self._around(first, last)}:
            self._sometimes[node].add(start, stop)

    def gaps(self, first: int, last: int, size: int) -> list[Gap]:
        """
        Return the gaps of at least some size that are free throughout some steps, in their order.

        The last one has no end. The nodes that cover most come first, which leaves few gaps, and
        what is too small is left out at once.
        """
        sometimes = (self._sometimes.get(node) for node in self._whole(first, last))
        throughout = (self._throughout.get(node) for node in self._around(first, last))
        taken = [spans for spans in (*sometimes, *throughout) if spans is not None]
        gaps: list[Gap] = [(0, inf)]
        for spans in sorted(taken, key=lambda spans: -spans.covered):
            gaps = spans.cut(gaps, size)
        return gaps

    def _whole(self, first: int, last: int) -> list[int]:
        """Return the largest nodes that make up a range."""
        low, high, nodes = first + self._leaves, last + 1 + self._leaves, []
        while low < high:
            if low & 1:
                nodes.append(low)
            if high & 1:
                nodes.append(high - 1)
            low, high = (low + 1) // 2, high // 2
        return nodes

    def _around(self, first: int, last: int) -> set[int]:
        """Return the nodes over the ends of a range, among them those that it fills in part."""
        ends = (first + self._leaves, last + self._leaves)
        return {end >> level for end in ends for level in range(end.bit_length())}
