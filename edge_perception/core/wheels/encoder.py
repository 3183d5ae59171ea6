"""Counters of encoders that overflow, and angles that begin anew after a revolution."""

from __future__ import annotations

import math

_RANGES = ((-math.pi, math.pi), (0.0, 2 * math.pi))
"""In which angles are given that begin anew [rad]."""
_ROUNDING = 1e-3


class Encoder:
    """
    How far a wheel turned between two readings.

    :ivar overflows: how often the counter began anew.
    """

    def __init__(self, bits: int, radians_per_count: float, angles: bool = False) -> None:
        """
        Begin before the first reading.

        :param bits: width of the counter; 0: it does not overflow.
        :param radians_per_count: of the wheel; negative if it counts backwards.
        :param angles: whether counts are angles [rad], which may stay within one revolution.
        """
        self.overflows = 0
        self._angles = angles
        self._range = float(2**bits) if bits else 0.0
        self._scale = radians_per_count
        self._last: float | None = None

    def turned(self, count: float) -> float:
        """Return the angle since the last reading [rad], 0 at the first one."""
        last, self._last = self._last, count
        if last is None:
            return 0.0
        change = count - last
        period = self._period(last, count)
        if period:
            # the shorter way round: a counter is read more than twice in a round
            short = (change + period / 2) % period - period / 2
            self.overflows += not math.isclose(short, change, abs_tol=0.5)
            change = short
        return change * self._scale

    def _period(self, last: float, count: float) -> float:
        """Return after how much the counter begins anew; 0: never."""
        if not self._angles or abs(count - last) <= math.pi:
            return self._range
        # more than half a revolution at once, both within one: it went the other way round
        within = any(
            low - _ROUNDING <= min(last, count) and max(last, count) <= high + _ROUNDING
            for low, high in _RANGES
        )
        return 2 * math.pi if within else 0.0

    def angle(self, count: float) -> float:
        """Return an absolute angle [rad], of a steering that is measured."""
        return count * self._scale

    def forget(self) -> None:
        """Take the next reading for the first one."""
        self._last = None
