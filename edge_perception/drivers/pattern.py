"""A test pattern: colour bars over a grey ramp, with a line that moves from picture to picture."""

from __future__ import annotations

import re

import numpy as np

from edge_perception.core.source import CameraRequest, Frame, Source, SourceError
from edge_perception.drivers.driver import Driver
from edge_perception.drivers.pixels import fit

_FORM = re.compile(r"pattern(?::(\d+)x(\d+))?")
_LARGEST = 8192
_BARS = np.array(
    [
        (255, 255, 255),
        (255, 255, 0),
        (0, 255, 255),
        (0, 255, 0),
        (255, 0, 255),
        (255, 0, 0),
        (0, 0, 255),
        (0, 0, 0),
    ],
    np.uint8,
)
"""White, yellow, cyan, green, magenta, red, blue and black, as television has them."""


class Pattern:
    """Endless, the same on every machine, 30 pictures a second unless paced otherwise."""

    live = False
    rate = 30.0

    def __init__(self, width: int, height: int, request: CameraRequest) -> None:
        self._request = request
        self._count = 0
        self._still = np.empty((height, width, 3), np.uint8)
        columns = np.arange(width)
        split = height * 3 // 4
        self._still[:split] = _BARS[columns * len(_BARS) // width]
        self._still[split:] = (columns * 255 // max(1, width - 1)).astype(np.uint8)[:, None]

    def describe(self) -> str:
        """Return size and kind."""
        height, width = self._still.shape[:2]
        return f"test pattern, {width}x{height}"

    def read(self, timeout: float) -> Frame:
        """Return the next picture, at once."""
        picture = self._still.copy()
        picture[self._count % len(picture)] = 255
        self._count += 1
        return fit(Frame(picture, "rgb8"), self._request)

    def close(self) -> None:
        """Nothing to give back."""


def _accepts(spec: str) -> bool:
    return spec == "pattern" or spec.startswith("pattern:")


def _open(spec: str, request: CameraRequest) -> Source:
    match = _FORM.fullmatch(spec)
    width, height = (int(match[1] or 640), int(match[2] or 480)) if match else (0, 0)
    if not (0 < width <= _LARGEST and 0 < height <= _LARGEST):
        raise SourceError(
            f"the test pattern {spec!r} has no size; write pattern:WIDTHxHEIGHT, "
            f"e.g. pattern:640x480, each 1 to {_LARGEST}"
        )
    return Pattern(width, height, request)


DRIVER = Driver("pattern:WIDTHxHEIGHT", _accepts, _open)
