"""
Narrower ranges than from the least to the largest value, as few values far out cost all digits.

What lies outside is cut off. Each method looks at how often values occur.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from edge_compiler.precision.scales import activation_scale, LEVELS

Array = np.ndarray[Any, Any]

BINS = 2048
PERCENTILE = 99.99
"""Percent of a tensor's values that lie within its range."""
_SHRINKS = np.linspace(0.3, 1.0, 71)
"""Of either side of a range, that are tried."""


class Histogram:
    """
    How often values occur in a tensor.

    :ivar low: the least value, at most 0.
    :ivar high: the largest value, at least 0.
    :ivar counts: in `BINS` bins of the same width between them.
    """

    def __init__(self, low: float, high: float) -> None:
        """Start with nothing counted."""
        self.low, self.high = low, high
        self.counts = np.zeros(BINS, np.int64)

    def add(self, values: Array) -> None:
        """Count the values of a tensor."""
        if self.high > self.low:
            width = (self.high - self.low) / BINS
            bins = np.clip((values.reshape(-1) - self.low) / width, 0, BINS - 1)
            self.counts += np.bincount(bins.astype(np.int64), minlength=BINS)

    @property
    def middles(self) -> Array:
        """The middle of each bin."""
        return self.low + (np.arange(BINS) + 0.5) * (self.high - self.low) / BINS


def percentile(histogram: Histogram) -> tuple[float, float]:
    """Return the range that leaves out the same share of values on both sides."""
    shares = np.cumsum(histogram.counts) / max(histogram.counts.sum(), 1)
    outside = (100 - PERCENTILE) / 100
    middles = histogram.middles
    first, last = np.minimum(np.searchsorted(shares, [outside, 1 - outside]), BINS - 1)
    low, high = middles[first], middles[last]
    return min(0.0, float(low)), max(0.0, float(high))


def least_squares(histogram: Histogram) -> tuple[float, float]:
    """Return the range whose rounded and cut off values differ least, in the mean square."""
    middles, counts = histogram.middles, histogram.counts

    def error(low: float, high: float) -> float:
        how = activation_scale(low, high)
        [scale], [zero_point] = how.scale, how.zero_point
        integers = np.clip(np.rint(middles / scale) + zero_point, 0, LEVELS)
        difference = (integers - zero_point) * scale - middles
        return float(np.sum(counts * difference**2))

    return _best(histogram, error)


METHODS: Mapping[str, Callable[[Histogram], tuple[float, float]]] = {
    "percentile": percentile,
    "mse": least_squares,
}


def _best(histogram: Histogram, cost: Callable[[float, float], float]) -> tuple[float, float]:
    """Return the range of the least cost: first both sides shrink together, then each alone."""
    low, high = histogram.low, histogram.high
    _, shrink = min((cost(low * by, high * by), -by) for by in _SHRINKS)
    low, high = low * -shrink, high * -shrink
    for side in ("low", "high"):
        candidates = [
            (low * by, high) if side == "low" else (low, high * by) for by in _SHRINKS[::5]
        ]
        low, high = min(candidates, key=lambda limits: cost(*limits))
    return low, high
