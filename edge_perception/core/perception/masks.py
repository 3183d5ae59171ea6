"""Which pixels of an image show which thing, as an image of numbers."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from edge_perception.decode.detections import Detections, Mask

_MOST = 255  # numbers of mono8, but for 0


def numbered(found: Detections, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """
    Return an image in which each pixel is the number of the thing that it shows [h, w].

    The first thing has the number 1; 0 is none of them. Where masks overlap, the thing of the
    higher score is seen. Things beyond the 255th aren't shown.

    :param found: with masks and boxes.
    :param size: width and height of the image.
    """
    assert found.masks is not None
    assert found.boxes is not None
    numbers = np.zeros(size[::-1], np.uint8)
    for index in reversed(range(min(len(found), _MOST))):
        box = found.boxes[index].tolist()
        if all(map(math.isfinite, box)):
            _put(numbers, found.masks[index], box, index + 1)
    return numbers


def _put(numbers: npt.NDArray[np.uint8], mask: Mask, box: list[float], number: int) -> None:
    """Write a number where a mask, spread over a box, is true at the middle of a pixel."""
    left, top, right, bottom = box
    height, width = numbers.shape
    rows, y = _nearest(top, bottom, mask.shape[0], height)
    columns, x = _nearest(left, right, mask.shape[1], width)
    part = numbers[rows, columns]
    part[mask[np.ix_(y, x)]] = number


def _nearest(
    begin: float, end: float, cells: int, pixels: int
) -> tuple[slice, npt.NDArray[np.intp]]:
    """Return the pixels whose middles lie between two edges, and the cell of the mask of each."""
    first, last = max(0, math.ceil(begin - 0.5)), min(pixels, math.ceil(end - 0.5))
    middles = np.arange(first, max(first, last)) + 0.5
    index = ((middles - begin) * (cells / max(end - begin, 1e-9))).astype(np.intp)
    return slice(first, max(first, last)), np.clip(index, 0, cells - 1)
