"""The memory plan: one arena in which buffers that are never alive together share space."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edge_compiler.targets.program.buffers import Buffer


@dataclass
class Lifetime:
    """The first and the last step that touch a buffer, both included."""

    buffer: Buffer
    first: int
    last: int

    def overlaps(self, other: Lifetime) -> bool:
        """Return whether both are alive at some step."""
        return self.first <= other.last and other.first <= self.last


def plan(lifetimes: Iterable[Lifetime]) -> int:
    """
    Give every buffer an offset and return the size of the arena in floats.

    The greatest buffer first, each into the tightest gap between those already placed that live at
    the same time (greedy by size: Pisarchyk and Lee, "Efficient Memory Management for Deep Neural
    Net Inference", 2020).
    """
    placed: list[Lifetime] = []
    arena = 0
    for life in sorted(lifetimes, key=lambda life: (-life.buffer.floats, life.first)):
        neighbours = [other for other in placed if life.overlaps(other)]
        life.buffer.offset = _tightest_gap(life.buffer.floats, neighbours)
        arena = max(arena, life.buffer.offset + life.buffer.floats)
        placed.append(life)
    return arena


def _tightest_gap(size: int, neighbours: list[Lifetime]) -> int:
    """Return the offset of the smallest gap that holds ``size`` floats, else the end."""
    end, best, best_gap = 0, None, None
    for start, stop in sorted(_span(life.buffer) for life in neighbours):
        gap = start - end
        if gap >= size and (best_gap is None or gap < best_gap):
            best, best_gap = end, gap
        end = max(end, stop)
    return end if best is None else best


def _span(buffer: Buffer) -> tuple[int, int]:
    assert buffer.offset is not None
    return buffer.offset, buffer.offset + buffer.floats
