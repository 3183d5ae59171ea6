"""The time of a recording."""

from __future__ import annotations

import time


class BagClock:
    """
    The time of the event that is being worked on.

    While a node works, that time stands still, so that a replay gives the same bytes each time; or
    it goes on as it does on this machine, so that ages and stages show how fast this machine is.

    :ivar measured: whether it goes on.
    """

    def __init__(self, begin: int, measured: bool) -> None:
        """
        Begin.

        :param begin: when the recording began [ns].
        """
        self.measured = measured
        self._begin = self._time = begin
        self._working: int | None = None

    def set(self, moment: int) -> None:
        """Go to an event's time [ns], never back."""
        self._time = max(self._time, moment)

    def work(self) -> None:
        """Note that a node begins to work."""
        self._working = time.perf_counter_ns() if self.measured else None

    def rest(self) -> int:
        """Note that the node has done its work; return when that was [ns]."""
        end = self.now()
        self._working = None
        return end

    def now(self) -> int:
        """Return the time in nanoseconds."""
        if self._working is None:
            return self._time
        return self._time + time.perf_counter_ns() - self._working

    def monotonic_ns(self) -> int:
        """Return the nanoseconds since a second before the recording began."""
        return self.now() - self._begin + 1_000_000_000

    def monotonic(self) -> float:
        """Return that in seconds."""
        return self.monotonic_ns() / 1e9
