"""The matrices of Winograd's method F(m x m, 3 x 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def _transforms(points: Sequence[float], m: int) -> tuple[Array, Array, Array]:
    """
    Return the matrices of F(m, 3) by these points and infinity, for input, kernel and results.

    A polynomial product is known by its values at m + 1 points and its highest coefficient.
    """
    count = m + 2
    into, kernel, out = np.zeros((count, count)), np.zeros((count, 3)), np.zeros((m, count))
    for row, point in enumerate(points):
        others = [other for other in points if other != point]
        into[row, : m + 1] = np.poly(others)[::-1]
        kernel[row] = point ** np.arange(3) / np.prod(point - np.array(others))
        out[:, row] = point ** np.arange(m)
    into[-1] = np.poly(points)[::-1]
    kernel[-1, -1] = out[-1, -1] = 1
    return into, kernel, out


DISTANCE = 0.75
"""From zero to the next point of F(4x4, 3x3)."""
TRANSFORMS = {
    2: _transforms((0, 1, -1), 2),
    4: _transforms((0, DISTANCE, -DISTANCE, 2 * DISTANCE, -2 * DISTANCE), 4),
}
"""The matrices for input, kernel and results where points are rounded to 16 bits, by m."""
