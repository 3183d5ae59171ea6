"""Compare how the wheels say that the robot turns with what the gyroscope measures."""

from __future__ import annotations

from collections import deque
import math
import statistics

from edge_perception.core.plausible import FASTEST_TURN
from edge_perception.core.stamps import SECOND

_MEMORY = 0.2
_STALE = SECOND // 2


class Slip:
    """
    Whether the wheels turn the robot as the gyroscope says.

    Both are smoothed alike, since they are not measured at the same moments.

    :ivar difference: wheels less gyroscope [rad/s].
    """

    def __init__(self, threshold: float) -> None:
        """
        Begin without a measurement.

        :param threshold: difference that is slip [rad/s]; 0: never.
        """
        self.difference = 0.0
        self._threshold = threshold
        self._gyroscope: float | None = None
        self._heard = 0
        self._readings: deque[float] = deque(maxlen=3)

    def measure(self, turning: float, stamp: int) -> None:
        """Record what the gyroscope measures [rad/s]."""
        if abs(turning) <= FASTEST_TURN:
            self._readings.append(turning)
            # of three, one that leaps is not the median
            self._gyroscope, self._heard = statistics.median(self._readings), stamp

    def slips(self, turning: float, interval: float, stamp: int) -> bool:
        """
        Return whether the wheels slip.

        :param turning: as the wheels say [rad/s].
        :param interval: since they were read last [s].
        """
        if self._gyroscope is None or not self._threshold or abs(stamp - self._heard) > _STALE:
            self.difference = 0.0
            return False
        share = 1 - math.exp(-interval / _MEMORY)
        self.difference += share * (turning - self._gyroscope - self.difference)
        return abs(self.difference) > self._threshold
