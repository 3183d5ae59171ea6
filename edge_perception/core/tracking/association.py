"""Which of the tracks a detection belongs to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


def overlaps(boxes: Array, others: Array) -> Array:
    """
    Return the intersection over union of each pair of boxes.

    :param boxes: left, top, right, bottom [N, 4], not empty.
    :param others: [M, 4].
    :returns: [N, M], 0 to 1.
    """
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    common = np.prod((high - low).clip(0), axis=2)
    areas = [np.prod(one[:, 2:] - one[:, :2], axis=1) for one in (boxes, others)]
    shares: Array = common / (areas[0][:, None] + areas[1][None, :] - common)
    return shares


def matches(gain: Array, least: float) -> tuple[Rows, Rows]:
    """
    Return the pairs whose gains, as far as they exceed the least one, add up to the most.

    A pair that does not exceed it is none, however many would find no other partner.

    :param gain: of each pair [N, M].
    :returns: the rows and the columns of the pairs.
    """
    excess = (gain - least).clip(0)
    rows, columns = linear_sum_assignment(excess, maximize=True)
    found = excess[rows, columns] > 0
    return rows[found], columns[found]
