"""How a robot was turned lately."""

from __future__ import annotations

from collections import deque
import math

from edge_perception.core.rotation import Quaternion
from edge_perception.core.stamps import SECOND

_KEPT = 500
_APART = (
    SECOND // 10
)  # nanoseconds between two orientations, or from the newest, that are believed


class Orientations:
    """The last orientations, by time."""

    def __init__(self) -> None:
        """Begin without any."""
        self._known: deque[tuple[int, Quaternion]] = deque(maxlen=_KEPT)

    def add(self, stamp: int, rotation: Quaternion) -> None:
        """Record an orientation [ns]; one from before the newest begins anew."""
        if not abs(math.hypot(*rotation) - 1) < 0.01:
            return
        if self._known and stamp <= self._known[-1][0]:
            self._known.clear()
        self._known.append((stamp, rotation))

    def at(self, stamp: int) -> Quaternion | None:
        """Return the orientation at a time [ns]; None if none is known nearby."""
        after: tuple[int, Quaternion] | None = None
        for when, rotation in reversed(self._known):
            if when <= stamp:
                return _between((when, rotation), after, stamp)
            after = when, rotation
        return None


def _between(
    before: tuple[int, Quaternion], after: tuple[int, Quaternion] | None, stamp: int
) -> Quaternion | None:
    """Return the orientation between two, or shortly after the first one."""
    begin, first = before
    if after is None:
        return first if stamp - begin <= _APART else None
    end, second = after
    if end - begin > _APART:
        return None
    share = (stamp - begin) / (end - begin)
    side = math.copysign(1.0, sum(a * b for a, b in zip(first, second, strict=True)))
    mixed = [a + share * (side * b - a) for a, b in zip(first, second, strict=True)]
    length = math.hypot(*mixed)
    x, y, z, w = (value / length for value in mixed)
    return x, y, z, w
