"""
How floats become integers of eight bits: ``real = (integer - zero_point) * scale``.

Activations are uint8, with one scale and zero point a tensor; weights are int8 from -127 to 127,
or -64 to 64, around zero, with a scale for each output channel; biases are int32 in the unit of
the products.
Scales are those of onnxruntime.quantization, to the bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edge_compiler.ir.dtype import Quantisation

Array = np.ndarray[Any, Any]

LEVELS = 255
"""Of uint8, above the least."""
LARGEST_WEIGHT = 127
REDUCED_WEIGHT = 64
"""Of 7 bits: no sum of two products leaves int16, in which some processors add them up faster."""
LARGEST_SUM = 2**31 - 1
_TINY = float(np.finfo(np.float32).tiny)
_MARGIN = 1.0001
"""By which a scale is larger than it would have to be without roundings."""


def activation_scale(low: float, high: float) -> Quantisation:
    """Return how uint8 stands for numbers from ``low`` to ``high``, and exactly for zero."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / LEVELS
    if scale < _TINY:  # all zero
        return Quantisation((1.0,), (0,))
    return Quantisation((float(np.float32(scale)),), (int(np.round(-low / scale)),))


def quantise_array(array: Array, how: Quantisation) -> Array:
    """Return a constant as uint8, with one scale for all of it."""
    [scale], [zero_point] = how.scale, how.zero_point
    integers: Array = np.clip(np.rint(array / np.float32(scale)) + zero_point, 0, LEVELS)
    return integers.astype(np.uint8)


def quantise_weights(
    weights: Array,
    axis: int | None,
    bias: Array | None,
    input_scale: float,
    largest: int = LARGEST_WEIGHT,
) -> tuple[Array, Array, Array | None]:
    """
    Return weights as int8, their scales, and the bias as int32.

    Where the products of a channel and its bias could leave int32 together, its scale is raised
    until they can't.

    :param axis: of the output channels; None: one scale for all.
    :param bias: of each output channel; None: there is none.
    :param largest: of the integers.
    :returns: the scales are float32, one for each index along ``axis``.
    """
    rows = weights.reshape(1, -1) if axis is None else _by_channel(weights, axis)
    scales = 2 * np.abs(rows).max(1, initial=0).astype(np.float64) / (2 * largest)
    scales = np.where(scales < _TINY, 1.0, scales).astype(np.float32)
    if bias is not None:
        room = LARGEST_SUM - LEVELS * largest * rows.shape[1]
        size = np.abs(bias) if axis is not None else np.abs(bias).max(initial=0)[None]
        least = _MARGIN * size.astype(np.float64) / (input_scale * room)
        scales = np.maximum(scales, least.astype(np.float32))
    shape = [1] * weights.ndim
    if axis is not None:
        shape[axis] = -1
    integers = np.rint(weights / scales.reshape(shape)).astype(np.int8)
    if bias is None:
        return integers, scales, None
    unit = np.float32(input_scale) * scales
    return integers, scales, np.rint(bias / unit).astype(np.int32)


def fits(terms: int) -> bool:
    """Return whether int32 holds any sum of so many products, and a bias beside it."""
    return 2 * LEVELS * LARGEST_WEIGHT * terms < LARGEST_SUM


def _by_channel(weights: Array, axis: int) -> Array:
    rows: Array = np.moveaxis(weights, axis, 0).reshape(weights.shape[axis], -1)
    return rows
