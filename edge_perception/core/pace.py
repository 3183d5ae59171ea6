"""Keep a rate, given nothing but the time."""

from __future__ import annotations


class Pace:
    """
    Decide when the next of a regular series is due.

    The series is a fixed grid in time, so lateness never adds up. Periods that were missed are
    skipped, never made up for in a burst. A rate of zero is always due.
    """

    def __init__(self, rate: float) -> None:
        self._interval = round(1e9 / rate) if rate > 0 else 0
        self._due: int | None = None

    def wait(self, now: int) -> float:
        """Return the seconds until the next one is due; 0 if it is."""
        if self._due is None or self._clock_jumped(now):
            return 0.0
        return max(0, self._due - now) / 1e9

    def advance(self, now: int) -> None:
        """Note that the one that was due happened: the next is due one interval later."""
        if self._due is None or self._clock_jumped(now):
            self._due = now
        missed = (now - self._due) // self._interval if self._interval else 0
        self._due += (max(0, missed) + 1) * self._interval

    def admits(self, stamp: int) -> bool:
        """
        Return whether a picture of a device is to be passed on, so that the rate is kept.

        The device's own clock jitters: up to a quarter of an interval early is on time.
        """
        return self.wait(stamp) * 1e9 <= self._interval / 4

    def _clock_jumped(self, now: int) -> bool:
        """Return whether time went backwards: simulated time began anew."""
        return self._due is not None and self._due - now > 2 * self._interval
