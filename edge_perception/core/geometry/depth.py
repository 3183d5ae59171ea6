"""How far things are, by a depth image (REP 118): metres as 32FC1 or millimetres as 16UC1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_perception.messages.types import Image

Depths = npt.NDArray[np.float32]

_FORMS = {"32FC1": ("f4", 1.0), "16UC1": ("u2", 1e-3)}  # of a pixel, and metres of a unit
_NEAREST, _FARTHEST = 0.05, 100.0  # [m]; what lies beyond is no measurement
_LEAST = 0.2  # share of the pixels that must be measured
_SPREAD = 1.4826  # standard deviation of a normal distribution / median of absolute deviations


class DepthError(Exception):
    """A depth image that can't be used: why, and what to do, in one sentence."""


@dataclass(frozen=True)
class Depth:
    """
    A measured depth.

    :ivar metres: along the optical axis.
    :ivar deviation: of the pixels that it is the median of [m].
    """

    metres: float
    deviation: float


def metres(image: Image) -> Depths:
    """
    Return the depth of each pixel in metres [height, width], NaN where nothing was measured.

    :raises DepthError: if it is no depth image.
    """
    if image.encoding not in _FORMS:
        raise DepthError(
            f"the encoding of the depth image is {image.encoding!r}; expected 32FC1 (metres) or "
            "16UC1 (millimetres)"
        )
    form, scale = _FORMS[image.encoding]
    dtype = np.dtype((">" if image.is_bigendian else "<") + form)
    row = image.width * dtype.itemsize
    data = np.frombuffer(image.data, np.uint8)
    if not row or image.step < row or len(data) < image.step * image.height or not image.height:
        raise DepthError(
            f"the depth image has {len(data)} bytes, which are not {image.height} rows of "
            f"{image.width} pixels (step {image.step})"
        )
    rows = data[: image.step * image.height].reshape(image.height, image.step)[:, :row]
    values: Depths = np.ascontiguousarray(rows).view(dtype).astype(np.float32)
    values *= np.float32(scale)
    with np.errstate(invalid="ignore"):
        values[~((values >= _NEAREST) & (values <= _FARTHEST))] = np.nan
    return values


def depth_of(depths: Depths, box: tuple[float, float, float, float]) -> Depth | None:
    """
    Return how far the lower middle of a box is; None if too few of its pixels are measured.

    The upper part and the sides of a box often show what is behind the thing.

    :param depths: in metres, NaN where nothing was measured [height, width].
    :param box: left, top, right, bottom in pixels of that image.
    """
    left, top, right, bottom = box
    height, width = depths.shape
    columns = _span(left + 0.3 * (right - left), left + 0.7 * (right - left), width)
    rows = _span(bottom - 0.4 * (bottom - top), bottom - 0.05 * (bottom - top), height)
    region = depths[rows, columns]
    known = region[~np.isnan(region)]
    if not region.size or len(known) < _LEAST * region.size:
        return None
    middle = float(np.median(known))
    return Depth(middle, _SPREAD * float(np.median(np.abs(known - middle))))


def _span(low: float, high: float, size: int) -> slice:
    """Return the pixels between two edges, one at least if there is one in the image."""
    first = round(min(max(low, 0.0), size))
    return slice(first, max(round(min(max(high, 0.0), size)), min(first + 1, size)))
