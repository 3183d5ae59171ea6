"""Rolling statistics of a running node: rates and percentiles over the last seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
import math

import numpy as np

from edge_perception.core.stamps import SECOND

_MOST = 4096  # samples kept, whatever the rate: a bound on memory


class _Window:
    """Samples of the last seconds; those that a clock jump moved into the future are dropped."""

    def __init__(self, seconds: float) -> None:
        self.length = round(seconds * SECOND)
        self.samples: deque[tuple[int, float]] = deque(maxlen=_MOST)

    def forget(self, now: int) -> None:
        """Drop what is older than the window, or newer than now."""
        while self.samples and self.samples[0][0] < now - self.length:
            self.samples.popleft()
        while self.samples and self.samples[-1][0] > now:
            self.samples.pop()

    def add(self, now: int, value: float) -> None:
        """Add a sample taken now."""
        self.forget(now)
        self.samples.append((now, value))


class Rate(_Window):
    """The rate at which a counter grows."""

    def per_second(self, now: int) -> float:
        """Return the mean rate over the window, 0 before there are two samples."""
        self.forget(now)
        if len(self.samples) < 2:
            return 0.0
        (start, low), (end, high) = self.samples[0], self.samples[-1]
        return max(0.0, high - low) * SECOND / (end - start) if end > start else 0.0


class Percentiles(_Window):
    """The distribution of a measured value."""

    def at(self, now: int, percents: Iterable[float] = (50, 95, 99)) -> tuple[float, ...]:
        """Return the percentiles over the window; NaN if nothing was measured."""
        self.forget(now)
        wanted = list(percents)
        if not self.samples:
            return (math.nan,) * len(wanted)
        values = np.sort([value for _, value in self.samples])
        places = np.array(wanted) / 100 * (len(values) - 1)  # np.percentile loads numpy.ma for it
        return tuple(np.interp(places, np.arange(len(values)), values).tolist())
