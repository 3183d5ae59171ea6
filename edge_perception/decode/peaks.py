"""Peaks of maps of scores, where each thing is one."""

from __future__ import annotations

import numpy as np

from edge_perception.decode.detections import Floats
from edge_perception.decode.selection import Selection


class Peaks:
    """
    The likely cells that are no less than the eight around them, the best first.

    :ivar classes: number of the map that each is in [M].
    :ivar cells: column and row [M, 2].
    :ivar scores: [M].
    """

    def __init__(self, heat: Floats, selection: Selection) -> None:
        """Find them in maps [C, h, w]."""
        best = selection.likely(np.where(heat < _around(heat), -np.inf, heat).reshape(-1))
        self.classes, row, column = np.unravel_index(best, heat.shape)
        self._at = row, column
        self.cells = np.stack([column, row], axis=1).astype(np.float32)
        self.scores = heat.reshape(-1)[best]

    def values(self, maps: Floats) -> Floats:
        """Return what maps [V, h, w] have there [M, V]."""
        row, column = self._at
        return np.asarray(maps[:, row, column].T, np.float32)


def _around(heat: Floats) -> Floats:
    """Return the greatest of the 3 x 3 around each cell of maps [C, h, w]."""
    for axis in (1, 2):
        line = np.moveaxis(heat, axis, 0)
        greatest = line.copy()
        np.maximum(greatest[1:], line[:-1], out=greatest[1:])
        np.maximum(greatest[:-1], line[1:], out=greatest[:-1])
        heat = np.moveaxis(greatest, 0, axis)
    return heat
