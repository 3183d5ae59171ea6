"""Fourier transforms, written as products with tables of cosines and sines."""

from __future__ import annotations

from typing import Any

import numpy as np

from edge_compiler.errors import CompileError
from edge_compiler.frontend.writer import Writer

Array = np.ndarray[Any, Any]


def _waves(samples: int, frequencies: int, length: int) -> tuple[Array, Array]:
    """Return cosines and sines of each sample and frequency: [samples, frequencies]."""
    turns = np.outer(np.arange(samples), np.arange(frequencies)) % length
    angles = 2 * np.pi / length * turns
    return np.cos(angles), np.sin(angles)


def write_short_time_transform(w: Writer) -> str | None:
    """Write the transforms of frames of a signal: real, [B, L] or [B, L, 1]."""
    batch, samples, *parts = w.value(0).shape
    if parts not in ([], [1]):
        return None
    has_window = len(w.inputs) > 2 and w.inputs[2]
    is_given = len(w.inputs) > 3 and w.inputs[3]
    length = int(w.known(3).item()) if is_given else w.value(2).size if has_window else samples
    step = int(w.known(1).item())
    count = (samples - length) // step + 1
    places = np.arange(count)[:, None] * step + np.arange(length)
    signal = w.add("Reshape", w.inputs[0], w.integers([batch, samples]))
    frames = w.add("Gather", signal, w.constant(places), axis=1)
    if has_window:
        frames = w.add("Mul", frames, w.inputs[2])
    frequencies = length // 2 + 1 if w.attributes.get("onesided", 1) else length
    cosines, sines = _waves(length, frequencies, length)
    table = np.stack([cosines, -sines], axis=-1).reshape(length, -1)
    found = w.add("MatMul", frames, w.constant(table.astype(np.float32)))
    return w.add("Reshape", found, w.integers([batch, count, frequencies, 2]))


def write_transform(w: Writer) -> str:
    """
    Write a discrete transform, or its inverse, of real or complex numbers along an axis.

    :raises CompileError: if half a spectrum doesn't have as many frequencies as its signal asks
        for: ONNX pads or cuts it, ONNX Runtime overlays it with its mirror image.
    """
    shape, a = w.value(0).shape, w.attributes
    axis = int(w.known(2).item()) if len(w.inputs) > 2 and w.inputs[2] else a.get("axis", -2)
    axis %= len(shape)
    is_inverse, is_half = bool(a.get("inverse", 0)), bool(a.get("onesided", 0))
    is_back = is_inverse and is_half
    length = 2 * (shape[axis] - 1) if is_back else shape[axis]
    if len(w.inputs) > 1 and w.inputs[1]:
        length = int(w.known(1).item())
    half = length // 2 + 1
    if is_back and shape[axis] != half:
        raise CompileError(
            f"node '{w.name}' (DFT) makes {length} samples of {shape[axis]} frequencies, but of "
            f"half a spectrum these are {half}: pad or slice it to so many before the node"
        )
    samples = min(length, shape[axis])
    if is_back:
        table = _table_back(length)
    else:
        table = _table(samples, half if is_half else length, length, is_inverse)[:, : shape[-1]]
    count, parts = table.shape[2:]
    signal = w.add("Slice", w.inputs[0], *(w.integers([number]) for number in (0, samples, axis)))
    others = [i for i in range(len(shape) - 1) if i != axis]
    lines = w.add("Transpose", signal, perm=[*others, axis, len(shape) - 1])
    outer = [shape[i] for i in others]
    lines = w.add("Reshape", lines, w.integers([*outer, samples * shape[-1]]))
    table = table.reshape(samples * shape[-1], count * parts).astype(np.float32)
    found = w.add("MatMul", lines, w.constant(table))
    found = w.add("Reshape", found, w.integers([*outer, count, parts]))
    back = [*others, axis, len(shape) - 1]
    return w.add("Transpose", found, perm=[back.index(i) for i in range(len(shape))])


def _table(samples: int, frequencies: int, length: int, is_inverse: bool) -> Array:
    """Return what a sample adds to each frequency, [sample, 2, frequency, 2]: real, imaginary."""
    cosines, sines = _waves(samples, frequencies, length)
    sines = -sines if is_inverse else sines
    of_real, of_imaginary = (
        np.stack(parts, axis=-1) for parts in ((cosines, -sines), (sines, cosines))
    )
    return np.stack([of_real, of_imaginary], axis=1) / (length if is_inverse else 1)


def _table_back(length: int) -> Array:
    """Return what a frequency of half a spectrum adds to samples: [frequency, 2, sample, 1]."""
    frequencies = length // 2 + 1
    times = np.full((frequencies, 1), 2)  # for those of the other half
    times[0] = 1
    if length % 2 == 0:
        times[-1] = 1
    cosines, sines = _waves(frequencies, length, length)
    return np.stack([times * cosines, -times * sines], axis=1)[..., None] / length
