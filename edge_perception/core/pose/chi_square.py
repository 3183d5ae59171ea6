"""The χ² distribution: what squared, normalised residuals may be."""

from __future__ import annotations

import functools
import math
from statistics import NormalDist


@functools.cache
def quantile(probability: float, freedom: float) -> float:
    """
    Return the value that a sum of squares of ``freedom`` normal numbers exceeds too rarely.

    For one and two degrees of freedom there are closed forms. Above it is Wilson and Hilferty's
    approximation, good to three hundredths where it is needed: for gates, and sums of many.
    """
    if freedom == 1:
        return NormalDist().inv_cdf((1 + probability) / 2) ** 2
    if freedom == 2:
        return -2.0 * math.log(1.0 - probability)
    spread = 2.0 / (9.0 * freedom)
    normal = NormalDist().inv_cdf(probability)
    return float(freedom * max(0.0, 1.0 - spread + normal * math.sqrt(spread)) ** 3)
