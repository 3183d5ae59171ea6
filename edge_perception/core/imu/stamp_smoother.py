"""Take the jitter of a computer out of the time stamps of a sensor that measures regularly."""

from __future__ import annotations

from edge_perception.core.stamps import SECOND

_OFFSET_GAIN = 0.05
_PERIOD_GAIN = 0.00125
"""Half the offset's squared: critically damped."""
_SPREAD_GAIN = 0.01
_LATENESS = 1.5
"""Mean deviations by which the usual reading is later than one without delay."""
_DISTURBED = SECOND // 20
"""A difference [ns] that is no jitter: the clock jumped, or the sensor paused."""


class StampSmoother:
    """
    Follow a sensor's own clock.

    A stamp is never later than when the measurement was read, and later than the one before,
    unless the clock was set back. The period is learned, since crystals differ by percents.
    """

    def __init__(self, rate: float) -> None:
        """
        Begin.

        :param rate: measurements a second by name; 0: unknown, stamps are not smoothed.
        """
        self._period = SECOND / rate if rate > 0 else 0.0
        self._estimate: float | None = None
        self._spread = 0.0
        self._last = 0

    def smooth(self, raw: int, lost: int = 0) -> int:
        """
        Return the time stamp of a measurement.

        :param raw: when it was read.
        :param lost: measurements between this one and the one before.
        """
        limit = max(_DISTURBED, 3 * self._period)
        steps = lost + 1
        expected = (self._estimate or 0.0) + steps * self._period
        error = raw - expected
        if self._estimate is None or not self._period or abs(error) > limit:
            self._estimate = float(raw)
            set_back = raw < self._last - limit
            self._last = raw if set_back else max(raw, self._last + 1)
            return self._last
        self._period += _PERIOD_GAIN * error / steps
        self._estimate = expected + _OFFSET_GAIN * error
        self._spread += _SPREAD_GAIN * (abs(error) - self._spread)
        earliest = self._estimate - _LATENESS * self._spread
        self._last = max(min(round(earliest), raw), self._last + 1)
        return self._last
