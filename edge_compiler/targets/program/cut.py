"""The minimum cut of a graph: how to divide what costs something to be apart."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
import math

SOURCE, SINK = "source", "sink"
_NOTHING = 1e-9
"""Less is left over by rounding."""


class Cut:
    """
    A flow network whose minimum cut is wanted.

    Every edge has a capacity: the cost of having its start on the source's side and its end on the
    sink's. The minimum cut is found through the maximum flow (Edmonds and Karp, 1972).
    """

    def __init__(self) -> None:
        self._left: dict[Hashable, dict[Hashable, float]] = {SOURCE: {}, SINK: {}}

    def add(self, start: Hashable, end: Hashable, cost: float) -> None:
        """Add an edge, or its cost to the one that is there."""
        self._left.setdefault(end, {}).setdefault(start, 0.0)
        edges = self._left.setdefault(start, {})
        edges[end] = edges.get(end, 0.0) + cost

    def sink_side(self) -> set[Hashable]:
        """
        Return what lies on the sink's side of the minimum cut with most on the source's.

        :raises ValueError: if no cut has a finite cost.
        """
        while path := self._path():
            flow = min(self._left[start][end] for start, end in path)
            if math.isinf(flow):
                raise ValueError("no cut has a finite cost")
            for start, end in path:
                self._left[start][end] -= flow
                self._left[end][start] += flow
        return self._reaching_sink() - {SINK}

    def _path(self) -> list[tuple[Hashable, Hashable]]:
        """Return the edges of a shortest path on which more may flow; none if there is none."""
        reached = self._reached()
        if SINK not in reached:
            return []
        path: list[tuple[Hashable, Hashable]] = []
        end: Hashable = SINK
        while end != SOURCE:
            path.append((reached[end], end))
            end = reached[end]
        return path

    def _reaching_sink(self) -> set[Hashable]:
        """Return what the sink can be reached from."""
        reaching: set[Hashable] = {SINK}
        waiting: deque[Hashable] = deque(reaching)
        while waiting:
            end = waiting.popleft()
            for start in self._left[end]:  # every edge has its opposite
                if self._left[start][end] > _NOTHING and start not in reaching:
                    reaching.add(start)
                    waiting.append(start)
        return reaching

    def _reached(self) -> dict[Hashable, Hashable]:
        """Return what can be reached from the source, each with where it is reached from."""
        reached: dict[Hashable, Hashable] = {SOURCE: SOURCE}
        waiting: deque[Hashable] = deque([SOURCE])
        while waiting:
            start = waiting.popleft()
            for end, left in self._left[start].items():
                if left > _NOTHING and end not in reached:
                    reached[end] = start
                    waiting.append(end)
        return reached
