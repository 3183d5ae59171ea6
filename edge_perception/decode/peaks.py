"""Peaks of maps of scores, where each thing is one."""

from __future__ import annotations

import numpy as np

from edge_perception.decode.detections import Floats, Indices, Mask
from edge_perception.decode.selection import best, Selection


class Peaks:
    """
    The likely cells that are no less than the eight around them, the best first.

    :ivar classes: number of the map that each is in [M].
    :ivar cells: column and row [M, 2].
    :ivar scores: [M].
    """

    def __init__(self, heat: Floats, selection: Selection) -> None:
        """Find them in maps [C, h, w]."""
        flat = heat.reshape(-1)
        rows = selection.possible(flat)
        rows = best(flat, rows[_is_peak(heat, rows)])
        self.classes, row, column = np.unravel_index(rows, heat.shape)
        self._at = row, column
        self.cells = np.stack([column, row], axis=1).astype(np.float32)
        self.scores = flat[rows]

    def values(self, maps: Floats) -> Floats:
        """Return what maps [V, h, w] have there [M, V]."""
        row, column = self._at
        return np.asarray(maps[:, row, column].T, np.float32)


def _is_peak(heat: Floats, rows: Indices) -> Mask:
    """Return whether cells of maps [C, h, w], by their number, are no less than those around."""
    number, row, column = np.unravel_index(rows, heat.shape)
    scores = heat[number, row, column]
    peaks = np.ones(len(rows), np.bool_)
    for down in (-1, 0, 1):
        beside = np.clip(row + down, 0, heat.shape[1] - 1)
        for right in (-1, 0, 1):
            peaks &= scores >= heat[number, beside, np.clip(column + right, 0, heat.shape[2] - 1)]
    return peaks
