"""Prior boxes: those that a detector's boxes are relative to, in pixels of its input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_perception.decode import grid
from edge_perception.decode.detections import Floats, Indices
from edge_perception.decode.functions import growth
from edge_perception.decode.selection import corners, pairs


def count(size: grid.Size, strides: Sequence[int], sides: Sequence[Sequence[float]]) -> int:
    """Return how many priors there are, for an input of that width and height."""
    return sum(
        grid.count(size, [stride]) * len(each) for stride, each in zip(strides, sides, strict=True)
    )


class Priors:
    """Boxes around the middle of each cell of some grids, cell by cell."""

    def __init__(
        self,
        size: grid.Size,
        strides: Sequence[int],
        sides: Sequence[Sequence[float]],
        variances: tuple[float, ...],
    ) -> None:
        """
        Make them.

        :param size: width and height of the input [pixel].
        :param sides: of the squares around a cell of each grid [pixel].
        :param variances: of offsets in sides, and of logarithms of sizes.
        """
        centres, widths = [], []
        for stride, each in zip(strides, sides, strict=True):
            places, distances = grid.cells(size, [stride], len(each))
            centres.append((places + 0.5) * distances)
            widths.append(np.tile(np.array(each, np.float32), len(places) // len(each)))
        self._centres = np.concatenate(centres)
        self._sides = np.concatenate(widths)[:, None]
        self._offset, self._growth = map(np.float32, variances)

    def boxes(self, values: Floats, rows: Indices) -> Floats:
        """Return left, top, right, bottom [M, 4]; values are offset and logarithm of the size."""
        sides = self._sides[rows]
        centres = self._centres[rows] + values[:, :2] * self._offset * sides
        return corners(centres, growth(values[:, 2:] * self._growth) * sides)

    def points(self, values: Floats, rows: Indices) -> Floats:
        """Return x and y of points [M, K, 2] from their offsets [M, 2 K]."""
        offsets = pairs(values) * self._offset * self._sides[rows, None]
        return np.asarray(self._centres[rows, None] + offsets, np.float32)
