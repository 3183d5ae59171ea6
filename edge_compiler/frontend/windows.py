"""Windows that slide over the sides of images, written as gathers: for what no kernel reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math
from typing import Any

import numpy as np

from edge_compiler.frontend.writer import Writer

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Side:
    """
    How windows lie along a side of an image.

    :ivar size: of the image.
    :ivar count: of the windows.
    :ivar before: how far the first window begins in the padding.
    """

    size: int
    count: int
    kernel: int
    stride: int
    dilation: int
    before: int

    @property
    def after(self) -> int:
        """How far the last window reaches into the padding; negative: it ends before the edge."""
        reach = (self.count - 1) * self.stride + (self.kernel - 1) * self.dilation + 1
        return reach - self.size - self.before

    @property
    def places(self) -> Array:
        """What each tap of each window sees, as a place of the image: [kernel, count]."""
        taps = np.arange(self.kernel)[:, None] * self.dilation
        return taps + np.arange(self.count) * self.stride - self.before


def steps_of(w: Writer, kernel: Sequence[int]) -> list[list[int]]:
    """Return strides, dilations, and pads before and after."""
    a, rank = w.attributes, len(kernel)
    pads, ones = list(a.get("pads", [0] * 2 * rank)), [1] * rank
    return [a.get("strides", ones), a.get("dilations", ones), pads[:rank], pads[rank:]]


def padding_before(w: Writer, total: int) -> int:
    """Return how much of a padding whose amount alone is known lies before the image."""
    is_upper = w.attributes.get("auto_pad") == b"SAME_UPPER"
    return total // 2 if is_upper else total - total // 2


def sides_of(w: Writer, sizes: Sequence[int], kernel: Sequence[int]) -> list[Side] | None:
    """Return how the windows of a convolution or pool lie; None if that is not clear."""
    up, found = w.attributes.get("ceil_mode", 0), []
    windows = [sizes, kernel, *steps_of(w, kernel)]
    if len({len(one) for one in windows}) > 1:  # a damaged node, which the check of it describes
        return None
    for size, k, s, d, first, last in zip(*windows, strict=True):
        left = size + first + last - (k - 1) * d - 1
        count = (-(-left // s) if up else left // s) + 1
        if not w.is_padded_explicitly():
            if d > 1:  # ONNX Runtime pads as if it weren't
                return None
            left, count = 0, -(-size // s)
            first = padding_before(w, max((count - 1) * s + k - size, 0))
        if left < 0 or (count - 1) * s >= size + first:
            return None
        found.append(Side(size, count, k, s, d, first))
    return found


def counts_of(sides: Sequence[Side]) -> list[int]:
    """Return how many windows there are along each side."""
    return [side.count for side in sides]


def unfold(w: Writer, image: str, sides: Sequence[Side], outside: float = 0.0) -> str:
    """Write [N, C, *sizes] as what all windows see: [N, C, taps of a window, *counts]."""
    if any(side.before or side.after for side in sides):
        before, after = [side.before for side in sides], [side.after for side in sides]
        pads = w.integers([0, 0, *before, 0, 0, *after])
        image = w.add("Pad", image, pads, w.constant(np.float32(outside)))
    images, channels = w.value(0).shape[:2]
    taps = windows = 1
    for side in sides:  # one by one, as kernels count six axes
        length = side.size + side.before + side.after
        shape = w.integers([images * channels, taps, windows, length, -1])
        places = w.constant(side.places + side.before)
        image = w.add("Gather", w.add("Reshape", image, shape), places, axis=3)
        image = w.add("Transpose", image, perm=[0, 1, 3, 2, 4, 5])
        taps, windows = taps * side.kernel, windows * side.count
    return w.add("Reshape", image, w.integers([images, channels, taps, *counts_of(sides)]))


def fold(w: Writer, parts: str, outer: Sequence[int], sides: Sequence[Side]) -> str:
    """Write what windows give, [*outer, *kernel, *counts], as their sum: [*outer, *sizes]."""
    image, lines = parts, math.prod(outer)
    taps, windows = math.prod(side.kernel for side in sides), math.prod(counts_of(sides))
    for side in sides:
        taps, windows = taps // side.kernel, windows // side.count
        apart = w.integers([lines, side.kernel, taps, side.count, windows])
        image = w.add("Transpose", w.add("Reshape", image, apart), perm=[0, 1, 3, 2, 4])
        image = w.add("Reshape", image, w.integers([lines, side.kernel * side.count, -1]))
        image = w.add("Pad", image, w.integers([0, 0, 0, 0, 1, 0]))  # what nothing adds to
        image = w.add("Gather", image, w.constant(_contributions(side)), axis=1)
        image = w.add("ReduceSum", image, w.integers([2]), keepdims=0)
        lines *= side.size
    return w.add("Reshape", image, w.integers([*outer, *(side.size for side in sides)]))


def _contributions(side: Side) -> Array:
    """Return for each place the taps of windows that see it, or the number behind the last."""
    nothing, places = side.kernel * side.count, side.places.ravel()
    seen = [np.flatnonzero(places == place).tolist() for place in range(side.size)]
    most = max(1, *map(len, seen))
    return np.array([taps + [nothing] * (most - len(taps)) for taps in seen])
