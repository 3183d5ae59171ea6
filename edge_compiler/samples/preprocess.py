"""
The pre-processing of camera frames, in numpy: the truth that the compiled one is checked against.

See edge_perception.runtime.manifest.Preprocess for its meaning.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edge_perception.runtime.manifest import Preprocess, Tensor

Array = np.ndarray[Any, Any]
LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey, as in ITU-R BT.601."""


def preprocess(frame: Array, spec: Preprocess, tensor: Tensor) -> Array:
    """Return the image input ``tensor`` for an rgb8 frame (height, width, 3), not yet rounded."""
    channels_last = tensor.layout == "NHWC"
    height, width = tensor.shape[1:3] if channels_last else tensor.shape[2:4]
    pixels = frame.astype(np.float64)
    if spec.color == "mono":
        pixels = pixels @ np.array(LUMA)[:, None]
    elif spec.color == "bgr":
        pixels = pixels[:, :, ::-1]
    if spec.resize == "letterbox":
        image = _letterbox(pixels, height, width, spec.pad_value)
    else:
        image = _resize(pixels, height, width)
    image = normalise(image.astype(np.float32), spec, axis=2)
    return np.ascontiguousarray((image if channels_last else image.transpose(2, 0, 1))[None])


def normalise(pixels: Array, preprocess: Preprocess, axis: int) -> Array:
    """Return ``(pixel - mean[c]) * scale[c]`` with the channels along ``axis``."""
    shape = [1] * pixels.ndim
    shape[axis] = -1
    mean = np.array(preprocess.mean, np.float32).reshape(shape)
    scale = np.array(preprocess.scale, np.float32).reshape(shape)
    return ((pixels - mean) * scale).astype(np.float32)


def _letterbox(pixels: Array, height: int, width: int, pad_value: float) -> Array:
    source_height, source_width = pixels.shape[:2]
    inner_height, inner_width = height, width
    if width * source_height <= height * source_width:
        inner_height = max(1, _rounded(source_height * width, source_width))
    else:
        inner_width = max(1, _rounded(source_width * height, source_height))
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    image = np.full((height, width, pixels.shape[2]), pad_value)
    image[top : top + inner_height, left : left + inner_width] = _resize(
        pixels, inner_height, inner_width
    )
    return image


def _rounded(dividend: int, divisor: int) -> int:
    return (2 * dividend + divisor) // (2 * divisor)


def _resize(pixels: Array, height: int, width: int) -> Array:
    """Interpolate bilinearly with half-pixel centres, columns after rows."""
    for axis, size in ((0, height), (1, width)):
        source = pixels.shape[axis]
        position = np.clip((np.arange(size) + 0.5) * source / size - 0.5, 0, source - 1)
        low = position.astype(np.intp)
        high = np.minimum(low + 1, source - 1)
        weight = np.expand_dims(position - low, [other for other in range(3) if other != axis])
        pixels = pixels.take(low, axis) * (1 - weight) + pixels.take(high, axis) * weight
    return pixels
