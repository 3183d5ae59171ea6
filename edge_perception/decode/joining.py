"""Things that two detectors saw in one image, as one list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from edge_perception.decode.detections import Detections

_T = TypeVar("_T")


def joined(first: Detections, second: Detections) -> Detections:
    """
    Return the things of both by falling score, those of the first before equal ones.

    What only one of them tells is NaN, empty or None for things of the other; of points, those
    that a thing has come first. Masks, which are for drawing, are left out.
    """
    both = (first, second)
    order = np.argsort(-np.concatenate([one.scores for one in both]), kind="stable")
    counts = (len(first), len(second))

    def rows(*values: npt.NDArray[Any] | None) -> npt.NDArray[Any] | None:
        return _rows(values, counts, order)

    def items(empty: _T, *values: Sequence[_T] | None) -> list[_T]:
        return _items(empty, values, counts, order)

    return Detections(
        labels=tuple(items("", first.labels, second.labels)),
        classes=np.concatenate([one.classes for one in both])[order],
        scores=np.concatenate([one.scores for one in both])[order],
        boxes=rows(first.boxes, second.boxes),
        landmarks=rows(first.landmarks, second.landmarks),
        embeddings=_embeddings(both, order),
        regions=rows(first.regions, second.regions),
        attributes=items((), first.attributes, second.attributes),
        landmark_scores=rows(first.landmark_scores, second.landmark_scores),
        tracks=items(None, first.tracks, second.tracks),
        places=items(None, first.places, second.places),
        lost=(*first.lost, *second.lost),
    )


def _rows(
    values: Sequence[npt.NDArray[Any] | None],
    counts: Sequence[int],
    order: npt.NDArray[np.intp],
) -> npt.NDArray[Any] | None:
    """Return arrays below each other, as wide as the widest, NaN where there is nothing."""
    given = [one for one in values if one is not None]
    if not given:
        return None
    width = np.max([one.shape[1:] for one in given], axis=0)
    result = np.full((sum(counts), *width), np.nan, given[0].dtype)
    start = 0
    for one, count in zip(values, counts, strict=True):
        if one is not None:
            place = (slice(start, start + count), *map(slice, one.shape[1:]))
            result[place] = one
        start += count
    return result[order]


def _items(
    empty: _T,
    values: Sequence[Sequence[_T] | None],
    counts: Sequence[int],
    order: npt.NDArray[np.intp],
) -> list[_T]:
    """Return lists behind each other, with what stands for nothing where there is nothing."""
    if not any(values):
        return []
    together = [
        item
        for one, count in zip(values, counts, strict=True)
        for item in (one or [empty] * count)
    ]
    return [together[index] for index in order]


def _embeddings(
    both: Sequence[Detections], order: npt.NDArray[np.intp]
) -> list[npt.NDArray[np.float32]] | None:
    if all(one.embeddings is None for one in both):
        return None
    nothing = np.empty(0, np.float32)
    vectors = [
        vector
        for one in both
        for vector in (one.embeddings if one.embeddings is not None else [nothing] * len(one))
    ]
    return [vectors[index] for index in order]
