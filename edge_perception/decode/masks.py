"""Masks: which part of its box a thing is."""

from __future__ import annotations

import numpy as np

from edge_perception.decode.detections import Floats, Mask

_FINER = 2  # than the prototypes, so that the edges of masks are smooth
_MOST = 256  # rows and columns of a mask


def mix(prototypes: Floats, shares: Floats, boxes: Floats) -> list[Mask]:
    """
    Return a mask for each box: where the sum of the prototypes, each times its share, is positive.

    :param prototypes: maps of the whole input [M, h, w].
    :param shares: [N, M].
    :param boxes: left, top, right, bottom as fractions of the input [N, 4].
    """
    height, width = prototypes.shape[1:]
    masks = []
    for share, (left, top, right, bottom) in zip(shares, boxes.tolist(), strict=True):
        y, x = _positions(top, bottom, height), _positions(left, right, width)
        # only what the box touches is mixed
        rows, columns = _touched(y, height), _touched(x, width)
        part = np.tensordot(share, prototypes[:, rows, columns], 1)
        masks.append(_sample(part, y - rows.start, x - columns.start) > 0)
    return masks


def _positions(begin: float, end: float, cells: int) -> Floats:
    """Return where a mask is sampled between two fractions of a side, as indices of its cells."""
    count = min(_MOST, max(1, round((end - begin) * cells * _FINER)))
    fractions = begin + (np.arange(count, dtype=np.float32) + 0.5) / count * (end - begin)
    return np.asarray(np.clip(fractions * cells - 0.5, 0, cells - 1), np.float32)


def _touched(positions: Floats, cells: int) -> slice:
    return slice(int(positions[0]), min(cells, int(positions[-1]) + 2))


def _sample(values: Floats, y: Floats, x: Floats) -> Floats:
    """Interpolate bilinearly at all pairs of those rows and columns."""
    for axis, places in enumerate((y, x)):
        low = places.astype(np.intp)
        high = np.minimum(low + 1, values.shape[axis] - 1)
        weight = np.expand_dims(places - low, 1 - axis)
        values = values.take(low, axis) * (1 - weight) + values.take(high, axis) * weight
    return values
