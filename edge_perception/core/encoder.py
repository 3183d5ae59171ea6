"""Counters of encoders that overflow."""

from __future__ import annotations

import math


class Encoder:
    """
    How far a wheel turned between two readings.

    :ivar overflows: how often the counter began anew.
    """

    def __init__(self, bits: int, radians_per_count: float) -> None:
        """
        Begin before the first reading.

        :param bits: width of the counter; 0: it does not overflow.
        :param radians_per_count: of the wheel; negative if it counts backwards.
        """
        self.overflows = 0
        self._range = 2**bits if bits else 0
        self._scale = radians_per_count
        self._last: float | None = None

    def turned(self, count: float) -> float:
        """Return the angle since the last reading [rad], 0 at the first one."""
        last, self._last = self._last, count
        if last is None:
            return 0.0
        change = count - last
        if self._range:
            # the shorter way round: a counter is read more than twice in a round
            short = (change + self._range / 2) % self._range - self._range / 2
            self.overflows += not math.isclose(short, change, abs_tol=0.5)
            change = short
        return change * self._scale

    def angle(self, count: float) -> float:
        """Return an absolute angle [rad], of a steering that is measured."""
        return count * self._scale

    def forget(self) -> None:
        """Take the next reading for the first one."""
        self._last = None
