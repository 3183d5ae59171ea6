"""
Where Resize samples: for each output index, the input indices that it is computed of.

Coordinates are computed in float32, as ONNX Runtime and the frameworks that train networks do:
rounding decides which pixel is the nearest, and ONNX doesn't say how exact it must be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import math
from typing import Any

import numpy as np

from edge_compiler.ir.graph import Node

Number = Any
"""A float32 of NumPy."""

_HALF, _ZERO = np.float32(0.5), np.float32(0)


@dataclass(frozen=True)
class Axis:
    """
    How an axis is resized.

    :ivar scale: of the sizes.
    :ivar start: of the part that is taken, from 0 to 1; 0 unless the model says so.
    :ivar end: of it.
    """

    old: int
    new: int
    scale: Number
    start: Number
    end: Number


def _half_pixel(x: Number, axis: Axis) -> Number:
    return (x + _HALF) / axis.scale - _HALF


def _half_pixel_symmetric(x: Number, axis: Axis) -> Number:
    adjustment = np.float32(axis.new) / (axis.scale * np.float32(axis.old))
    offset = np.float32(axis.old) / np.float32(2) * (np.float32(1) - adjustment)
    return offset + _half_pixel(x, axis)


def _align_corners(x: Number, axis: Axis) -> Number:
    if axis.new == 1:
        return _ZERO
    return x * np.float32(axis.old - 1) / np.float32(axis.new - 1)


def _crop(x: Number, axis: Axis) -> Number:
    last = np.float32(axis.old - 1)
    if axis.new == 1:
        return _HALF * (axis.start + axis.end) * last
    moved = x * (axis.end - axis.start) * last / np.float32(axis.new - 1)
    return axis.start * last + moved


# x_original of x_resized, ONNX Resize: "coordinate_transformation_mode"
COORDINATES: dict[str, Callable[[Number, Axis], Number]] = {
    "half_pixel": _half_pixel,
    "half_pixel_symmetric": _half_pixel_symmetric,
    "pytorch_half_pixel": lambda x, axis: _half_pixel(x, axis) if axis.new > 1 else _ZERO,
    "align_corners": _align_corners,
    "asymmetric": lambda x, axis: x / axis.scale,
    "tf_crop_and_resize": _crop,
}
ROUNDING: dict[str, Callable[[float], int]] = {
    "round_prefer_floor": lambda x: math.floor(x) + (x - math.floor(x) > 0.5),
    "round_prefer_ceil": lambda x: math.floor(x) + (x - math.floor(x) >= 0.5),
    "floor": math.floor,
    "ceil": math.ceil,
}
_REACH = {"linear": 1, "cubic": 2}
"""How many input indices on either side an output index depends on, unless they are averaged."""
MODES = ("nearest", *_REACH)
_POLICIES: dict[str, Callable[[list[float]], float]] = {
    "not_larger": min,
    "not_smaller": max,
}
"""Which of the ratios of the sizes is the scale of all axes: "keep_aspect_ratio_policy"."""


@dataclass(frozen=True)
class Window:
    """
    What an output index is computed of.

    :ivar first: the first input index.
    :ivar weights: of that and those that follow; none: it lies outside of the input, and the model
        says what it is.
    """

    first: int
    weights: tuple[float, ...]


def resized_axes(node: Node) -> list[int]:
    """Return the axes along which a Resize computes something else than the same index."""
    old, new = node.input(0).shape, node.output.shape
    axes = _given_axes(node)
    if node.attributes["coordinate_transformation_mode"] == "tf_crop_and_resize":
        parts = {axis: _part(node, axis) for axis in axes}
        return [axis for axis in axes if old[axis] != new[axis] or parts[axis] != (0, 1)]
    return [axis for axis in axes if _scale(node, axis) != 1]


def windows(node: Node, axis: int) -> list[Window]:
    """Return the window of each output index of a Resize along an axis."""
    a, old, new = node.attributes, node.input(0).shape[axis], node.output.shape[axis]
    if axis not in resized_axes(node):
        return [Window(index, (1.0,)) for index in range(new)]
    how = Axis(old, new, np.float32(_scale(node, axis)), *_part(node, axis))
    moved = COORDINATES[a["coordinate_transformation_mode"]]
    crops = a["coordinate_transformation_mode"] == "tf_crop_and_resize"
    result = []
    for index in range(new):
        x = float(moved(np.float32(index), how))
        if crops and not 0 <= x <= old - 1:
            result.append(Window(0, ()))
        elif a["mode"] == "nearest":
            nearest = min(max(ROUNDING[a["nearest_mode"]](x), 0), old - 1)
            result.append(Window(nearest, (1.0,)))
        else:
            if a["mode"] == "linear" and not a["antialias"]:
                x = min(max(x, 0.0), old - 1.0)  # of an infinity at the edge this makes NaN, too
            result.append(_inside(_taps(node, x, float(how.scale)), old, a["exclude_outside"]))
    return result


def ends(window: Window) -> tuple[int, int, float]:
    """
    Return the first and the last index of a window of one or two, and the weight of the last.

    Of one index it is a half, and not zero or one: nothing times infinity is NaN.
    """
    last = len(window.weights) - 1
    return window.first, window.first + last, window.weights[1] if last else 0.5


def blends_four(node: Node) -> bool:
    """Return whether a Resize makes each pixel of an image of four at most."""
    image = len(node.output.shape) == 4 and min(resized_axes(node), default=2) > 1
    return image and all(
        1 <= len(window.weights) <= 2 for axis in (2, 3) for window in windows(node, axis)
    )


def _taps(node: Node, x: float, scale: float) -> dict[int, float]:
    """Return the weights of input indices, some of which may lie outside."""
    mode, a = node.attributes["mode"], node.attributes["cubic_coeff_a"]
    reach, weight = _REACH[mode], (lambda d: 1 - d) if mode == "linear" else _cubic(a)
    if not node.attributes["antialias"] or scale >= 1:
        first = math.floor(x)
        return {i: weight(abs(i - x)) for i in range(first - reach + 1, first + reach + 1)}
    wide = reach / scale  # the same, averaged over what becomes one
    indices = range(math.floor(x - wide + 1), math.floor(x + wide + 1))
    return {i: weight(d) if (d := abs(i - x) * scale) < reach else 0.0 for i in indices}


def _cubic(a: float) -> Callable[[float], float]:
    """
    Return the weight of what lies so far away.

    R. G. Keys, "Cubic convolution interpolation for digital image processing", 1981.
    """

    def weight(d: float) -> float:
        if d <= 1:
            return ((a + 2) * d - (a + 3)) * d * d + 1
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a

    return weight


def _inside(taps: dict[int, float], size: int, exclude: bool) -> Window:
    """Give the edge the weights of what lies outside, or drop them."""
    if exclude:
        taps = {index: weight for index, weight in taps.items() if 0 <= index < size}
    weights: dict[int, float] = {}
    for index, weight in taps.items():
        place = min(max(index, 0), size - 1)
        weights[place] = weights.get(place, 0.0) + weight
    total = sum(weights.values())
    return Window(min(weights), tuple(weights[i] / total for i in sorted(weights)))


def _given_axes(node: Node) -> list[int]:
    rank = len(node.output.shape)
    return [given % rank for given in node.attributes.get("axes") or range(rank)]


def _part(node: Node, axis: int) -> tuple[Number, Number]:
    """Return the part of an axis that is taken."""
    axes, part = _given_axes(node), node.constant(1)
    if part is None or not part.size or axis not in axes:
        return np.float32(0), np.float32(1)
    start, end = part.reshape(2, -1)[:, axes.index(axis)].astype(np.float32)
    return start, end


def _scale(node: Node, axis: int) -> float:
    """
    Return the scale that the model states, or that follows from the sizes and the policy.

    Where nothing changes its size ONNX Runtime copies, whatever the scale.
    """
    old, new, axes = node.input(0).shape, node.output.shape, _given_axes(node)
    if axis not in axes or old == new:
        return 1.0
    scales, sizes = node.constant(2), node.constant(3)
    if scales is not None and scales.size:
        return float(np.float32(scales.ravel()[axes.index(axis)]))
    choose = _POLICIES.get(node.attributes.get("keep_aspect_ratio_policy", "stretch"))
    if choose is None or sizes is None:
        return _ratio(new[axis], old[axis])
    pairs = zip(sizes.ravel(), axes, strict=True)
    return choose([_ratio(size, old[i]) for size, i in pairs])


def _ratio(new: int, old: int) -> float:
    return float(np.float32(new) / np.float32(old))
