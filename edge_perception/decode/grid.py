"""The cells of a detector: each predicts what lies around it in the model's input."""

from __future__ import annotations

from collections.abc import Sequence
import math

import numpy as np

from edge_perception.decode.detections import Floats

Size = tuple[int, int]


def shapes(size: Size, strides: Sequence[int]) -> list[Size]:
    """Return columns and rows of each grid over an input of that width and height [pixel]."""
    return [(-(-size[0] // stride), -(-size[1] // stride)) for stride in strides]


def count(size: Size, strides: Sequence[int]) -> int:
    """Return how many cells all grids have together."""
    return sum(map(math.prod, shapes(size, strides)))


def cells(size: Size, strides: Sequence[int], each: int = 1) -> tuple[Floats, Floats]:
    """
    Return column and row of the cells of all grids [A, 2], and their strides [A, 1].

    Grids follow each other as their strides do, cells row by row.

    :param each: how often each cell occurs.
    """
    places, distances = [], []
    for (columns, rows), stride in zip(shapes(size, strides), strides, strict=True):
        row, column = np.indices((rows, columns), np.float32)
        places.append(np.stack([column.reshape(-1), row.reshape(-1)], axis=1).repeat(each, axis=0))
        distances.append(np.full((len(places[-1]), 1), stride, np.float32))
    return np.concatenate(places), np.concatenate(distances)
