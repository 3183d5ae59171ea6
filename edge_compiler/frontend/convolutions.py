"""Convolutions that no kernel reads as they are, written as products of matrices."""

from __future__ import annotations

from collections.abc import Sequence
import math

import numpy as np

from edge_compiler.frontend.windows import (
    counts_of,
    fold,
    padding_before,
    Side,
    sides_of,
    steps_of,
    unfold,
)
from edge_compiler.frontend.writer import Writer


def write_convolution_of_computed_weights(w: Writer) -> str | None:
    """Write a convolution whose weights are known only while the model runs."""
    sides = sides_of(w, w.value(0).shape[2:], w.value(1).shape[2:])
    if w.is_fixed(1, 2) or sides is None:
        return None
    return _with_bias(w, _product(w, unfold(w, w.inputs[0], sides), sides), 2)


def _product(w: Writer, windows: str, sides: Sequence[Side]) -> str:
    """Write the product of the weights with what windows see: [N, C, taps, *counts]."""
    (images, channels), outputs = w.value(0).shape[:2], w.value(1).shape[0]
    groups, taps = w.attributes.get("group", 1), math.prod(side.kernel for side in sides)
    terms = channels // groups * taps
    columns = w.add("Reshape", windows, w.integers([images, groups, terms, -1]))
    rows = w.add("Reshape", w.inputs[1], w.integers([groups, outputs // groups, terms]))
    product = w.add("MatMul", rows, columns)
    return w.add("Reshape", product, w.integers([images, outputs, *counts_of(sides)]))


def _with_bias(w: Writer, result: str, index: int) -> str:
    """Add a number to each channel, if there is such an input."""
    if len(w.inputs) <= index or not w.inputs[index]:
        return result
    column = w.integers([-1, *[1] * (len(w.value(0).shape) - 2)])
    return w.add("Add", result, w.add("Reshape", w.inputs[index], column))


def write_transposed_convolution(w: Writer) -> str | None:
    """Write a transposed convolution of volumes, or of computed weights, as a product and sums."""
    (images, channels, *sizes), (_, outputs, *kernel) = w.value(0).shape, w.value(1).shape
    if len(sizes) < 3 and w.is_fixed(1, 2):
        return None
    sides = _transposed_sides(w, sizes, kernel)
    if sides is None:
        return None
    groups, taps = w.attributes.get("group", 1), math.prod(kernel)
    pixels = w.add("Reshape", w.inputs[0], w.integers([images, groups, channels // groups, -1]))
    split = w.integers([groups, channels // groups, outputs * taps])
    rows = w.add("Transpose", w.add("Reshape", w.inputs[1], split), perm=[0, 2, 1])
    outer = [images, groups * outputs]
    parts = w.add("MatMul", rows, pixels)
    parts = w.add("Reshape", parts, w.integers([*outer, *kernel, *sizes]))
    return _with_bias(w, fold(w, parts, outer, sides), 2)


def _transposed_sides(w: Writer, sizes: Sequence[int], kernel: Sequence[int]) -> list[Side] | None:
    """Return how the windows of a transposed convolution lie on its result; None if not clear."""
    a, is_same, sides = w.attributes, not w.is_padded_explicitly(), []
    more = a.get("output_padding", [0] * len(sizes))
    wanted = a.get("output_shape", [0] * len(sizes))
    if is_same and any(more):  # ONNX Runtime differs from ONNX
        return None
    lies = zip(sizes, kernel, *steps_of(w, kernel), more, wanted, strict=True)
    for count, k, s, d, first, last, extra, size in lies:
        reach = (count - 1) * s + (k - 1) * d + 1 + extra
        if size or is_same:
            size = size or count * s
            first = padding_before(w, max(reach - size, 0))
        sides.append(Side(size or reach - first - last, count, k, s, d, first))
    return sides


def write_columns_as_image(w: Writer) -> str | None:
    """Write the sum of windows of an image that lie side by side as columns (Col2Im)."""
    sizes, kernel = (w.known(index).tolist() for index in (1, 2))
    sides = sides_of(w, sizes, kernel)
    if sides is None:
        return None
    images, columns, _ = w.value(0).shape
    outer = [images, columns // math.prod(kernel)]
    apart = w.integers([*outer, *kernel, *counts_of(sides)])
    return fold(w, w.add("Reshape", w.inputs[0], apart), outer, sides)


def write_deformed_convolution(w: Writer) -> str | None:
    """
    Write a convolution whose taps move with the image: each is sampled where it lies.

    Outside are zeros, as for GridSample.
    """
    (images, _, *sizes), kernel = w.value(0).shape, w.value(1).shape[2:]
    sides = sides_of(w, sizes, kernel)
    if sides is None or len(sides) != 2:
        return None
    parts, counts = images * w.attributes.get("offset_group", 1), counts_of(sides)
    offsets = w.add("Reshape", w.inputs[2], w.integers([parts, *kernel, 2, *counts]))
    places = np.empty((*kernel, 2, *counts), np.float32)
    places[:, :, 0] = sides[0].places[:, None, :, None]
    places[:, :, 1] = sides[1].places[None, :, None, :]
    moved = w.add("Add", offsets, w.constant(places))
    # GridSample counts from -1, the left edge of the first pixel, to 1, and x before y
    pixels = np.array(sizes, np.float32).reshape(2, 1, 1)
    moved = w.add("Mul", moved, w.constant(2 / pixels))
    moved = w.add("Add", moved, w.constant(1 / pixels - 1))
    moved = w.add("Gather", moved, w.integers([1, 0]), axis=3)
    moved = w.add("Transpose", moved, perm=[0, 1, 2, 4, 5, 3])
    grid = w.add("Reshape", moved, w.integers([parts, -1, counts[1], 2]))
    image = w.add("Reshape", w.inputs[0], w.integers([parts, -1, *sizes]))
    seen = w.add("GridSample", image, grid, mode="linear", align_corners=0)
    if len(w.inputs) > 4 and w.inputs[4]:
        mask = w.add("Reshape", w.inputs[4], w.integers([parts, 1, -1, counts[1]]))
        seen = w.add("Mul", seen, mask)
    return _with_bias(w, _product(w, seen, sides), 3)
