"""
Where Resize samples: for each output index, the input indices between which it lies.

Coordinates are computed in float32, as ONNX Runtime and the frameworks that train networks do:
rounding decides which pixel is the nearest, and ONNX doesn't say how exact it must be.
"""

from __future__ import annotations

from collections.abc import Callable
import math
from typing import NamedTuple

import numpy as np

from edge_compiler.ir.graph import Node

_HALF = np.float32(0.5)

# x_original of x_resized, ONNX Resize: "coordinate_transformation_mode"
COORDINATES: dict[str, Callable[[np.float32, np.float32, int, int], np.float32]] = {
    "half_pixel": lambda x, scale, _old, _new: (x + _HALF) / scale - _HALF,
    "pytorch_half_pixel": lambda x, scale, _old, new: (
        (x + _HALF) / scale - _HALF if new > 1 else np.float32(0)
    ),
    "align_corners": lambda x, _scale, old, new: (
        x * np.float32(old - 1) / np.float32(new - 1) if new > 1 else np.float32(0)
    ),
    "asymmetric": lambda x, scale, _old, _new: x / scale,
}
ROUNDING: dict[str, Callable[[float], int]] = {
    "round_prefer_floor": lambda x: math.floor(x) + (x - math.floor(x) > 0.5),
    "round_prefer_ceil": lambda x: math.floor(x) + (x - math.floor(x) >= 0.5),
    "floor": math.floor,
    "ceil": math.ceil,
}
_POLICIES: dict[str, Callable[[list[float]], float]] = {
    "not_larger": min,
    "not_smaller": max,
}
"""Which of the ratios of the sizes is the scale of all axes: "keep_aspect_ratio_policy"."""


class Tap(NamedTuple):
    """Two input indices between which an output lies, and the weight of the second one."""

    first: int
    second: int
    fraction: float


def taps(node: Node, axis: int) -> list[Tap]:
    """Return the tap of each output index of a Resize along an axis."""
    a, old, new = node.attributes, node.input(0).shape[axis], node.output.shape[axis]
    scale = _scale(node, axis)
    result = []
    for index in range(new):
        x = float(index)
        if scale != 1:
            mode = a["coordinate_transformation_mode"]
            x = float(COORDINATES[mode](np.float32(index), np.float32(scale), old, new))
        if a["mode"] == "nearest":
            nearest = min(max(ROUNDING[a["nearest_mode"]](x), 0), old - 1)
            result.append(Tap(nearest, nearest, 0.0))
            continue
        x = min(max(x, 0.0), old - 1.0)
        first = math.floor(x)
        second = min(first + 1, old - 1)
        fraction = x - first if first < second else 0.5  # not 0: that times infinity is NaN
        result.append(Tap(first, second, fraction))
    return result


def _scale(node: Node, axis: int) -> float:
    """
    Return the scale that the model states, or that follows from the sizes and the policy.

    Where nothing changes its size ONNX Runtime copies, whatever the scale.
    """
    old, new = node.input(0).shape, node.output.shape
    axes = [given % len(new) for given in node.attributes.get("axes") or range(len(new))]
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
