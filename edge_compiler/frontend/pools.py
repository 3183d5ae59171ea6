"""Pools that say where their maxima were, and their inverse."""

from __future__ import annotations

import math

import numpy as np

from edge_compiler.errors import CompileError
from edge_compiler.frontend.windows import sides_of, steps_of, unfold
from edge_compiler.frontend.writer import Writer


def write_pool_with_indices(w: Writer) -> tuple[str, str] | None:
    """Write a pool and the places of its maxima, counted through all images and channels."""
    images, channels, *sizes = w.value(0).shape
    sides = sides_of(w, sizes, w.attributes["kernel_shape"])
    if sides is None:
        return None
    rank, size = len(sizes), math.prod(sizes)
    by_columns = w.attributes.get("storage_order", 0)
    steps = [math.prod(sizes[:i] if by_columns else sizes[i + 1 :]) for i in range(rank)]
    taps, firsts = np.zeros(1, np.int64), np.zeros([1] * rank, np.int64)
    for index, (side, step) in enumerate(zip(sides, steps, strict=True)):
        taps = np.add.outer(taps, (side.places[:, 0] + side.before) * step).ravel()
        along = [1] * index + [-1] + [1] * (rank - index - 1)
        firsts = firsts + (side.places[0] * step).reshape(along)
    windows = unfold(w, w.inputs[0], sides, -np.inf)
    best = w.add("ArgMax", windows, axis=2, keepdims=0)
    lines = np.arange(images * channels).reshape(images, channels, *[1] * rank) * size
    place = w.add("Add", w.add("Gather", w.constant(taps), best), w.constant(firsts))
    place = w.add("Add", place, w.constant(lines))
    plain = {name: value for name, value in w.attributes.items() if name != "storage_order"}
    return w.add("MaxPool", w.inputs[0], **plain), place


def write_unpool(w: Writer) -> str:
    """
    Write the image that has maxima where they were, and zeros elsewhere.

    :raises CompileError: if it shall be larger than what was pooled.
    """
    shape, kernel = list(w.value(0).shape), w.attributes["kernel_shape"]
    strides, _, before, after = steps_of(w, kernel)
    for index, (k, s, first, last) in enumerate(zip(kernel, strides, before, after, strict=True)):
        shape[2 + index] = (shape[2 + index] - 1) * s + k - first - last
    if len(w.inputs) > 2 and w.known(2).tolist() != shape:
        raise CompileError(
            f"node '{w.name}' (MaxUnpool) has another output_shape than {shape}, where ONNX "
            "Runtime differs from ONNX: export it without one, and pad what it yields"
        )
    maxima, places = (w.add("Reshape", name, w.integers([-1])) for name in w.inputs[:2])
    empty = w.constant(np.zeros(math.prod(shape), np.float32))
    return w.add("Reshape", w.add("ScatterElements", empty, places, maxima), w.integers(shape))
