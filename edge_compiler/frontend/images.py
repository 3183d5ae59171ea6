"""Pools, norms and convolutions of images that are written as other operators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edge_compiler.frontend.writer import Writer


def _sides(w: Writer) -> tuple[int, ...]:
    return w.value(0).shape[2:]


def _side_axes(w: Writer) -> str:
    return w.integers(range(2, len(w.value(0).shape)))


def _kept(w: Writer, *names: str) -> dict[str, Any]:
    """Return those of the node's attributes that it has."""
    return {name: w.attributes[name] for name in names if name in w.attributes}


def _powers(w: Writer, p: int) -> str:
    """Write the powers of absolute values."""
    sizes = w.add("Abs", w.inputs[0])
    return sizes if p == 1 else w.add("Pow", sizes, w.constant(np.float32(p)))


def _root(w: Writer, total: str, p: int) -> str:
    return total if p == 1 else w.add("Pow", total, w.constant(np.float32(1 / p)))


def write_global_max_pool(w: Writer) -> str:
    """Write the largest pixel of each channel."""
    if len(_sides(w)) < 3:
        return w.add("MaxPool", w.inputs[0], kernel_shape=_sides(w))
    return w.add("ReduceMax", w.inputs[0], _side_axes(w))


def write_global_average_pool(w: Writer) -> str | None:
    """Write the mean of volumes; that of images is known."""
    if len(_sides(w)) < 3:
        return None
    return w.add("ReduceMean", w.inputs[0], _side_axes(w))


def write_global_lp_pool(w: Writer) -> str:
    """Write the norm of each channel."""
    p = w.attributes.get("p", 2)
    return _root(w, w.add("ReduceSum", _powers(w, p), _side_axes(w)), p)


def write_lp_pool(w: Writer) -> str | None:
    """Write the norm of windows: a convolution of each channel adds the powers up."""
    if w.attributes.get("ceil_mode"):
        return None
    p, channels = w.attributes.get("p", 2), w.value(0).shape[1]
    ones = np.ones((channels, 1, *w.attributes["kernel_shape"]), np.float32)
    window = _kept(w, "auto_pad", "dilations", "kernel_shape", "pads", "strides")
    operands = _powers(w, p), w.constant(ones)
    return _root(w, w.add("Conv", *operands, group=channels, **window), p)


def write_lp_normalization(w: Writer) -> str:
    """Write the division by a norm; where that is zero the result is, too."""
    axes = w.integers([w.attributes.get("axis", -1)])
    norm = w.add(f"ReduceL{w.attributes.get('p', 2)}", w.inputs[0], axes)
    none, one = (w.constant(np.float32(number)) for number in (0, 1))
    zero = w.add("Equal", norm, none)
    divided = w.add("Div", w.inputs[0], w.add("Where", zero, one, norm))
    return w.add("Where", zero, none, divided)


def write_group_normalization(w: Writer) -> str:
    """Write the normalisation of groups as that of channels which hold all of a group."""
    groups, shape = w.attributes["num_groups"], w.value(0).shape
    whole = w.add("Reshape", w.inputs[0], w.integers([0, groups, -1]))
    one, zero = (w.constant(np.full(groups, number, np.float32)) for number in (1, 0))
    normal = w.add("InstanceNormalization", whole, one, zero, **_kept(w, "epsilon"))
    apart = w.add("Reshape", normal, w.integers(shape))
    column = w.integers([shape[1], *[1] * len(_sides(w))])
    scale, shift = (w.add("Reshape", name, column) for name in w.inputs[1:])
    return w.add("Add", w.add("Mul", apart, scale), shift)


# images with depth


def write_pool_of_volumes(w: Writer) -> str | None:
    """Write a pool of depth, height and width as one of the sides, and one of the depth."""
    if len(_sides(w)) != 3 or not w.is_padded_explicitly():
        return None
    images, channels, depth, height, width = w.value(0).shape
    kinds = _kept(w, "ceil_mode", "count_include_pad")
    slices = w.add("Reshape", w.inputs[0], w.integers([images, channels * depth, height, width]))
    pooled = w.add(w.op, slices, **_window(w, [1, 2]), **kinds)
    columns = w.add("Reshape", pooled, w.integers([images, channels, depth, -1]))
    joined = w.add(w.op, columns, **_window(w, [0]), **kinds)
    shape = w.add("Concat", w.integers([0, 0, 0]), w.add("Shape", pooled, start=2), axis=0)
    return w.add("Reshape", joined, shape)


def _window(w: Writer, axes: Sequence[int]) -> dict[str, Any]:
    """Return a window along one or two of three sides as that of an image."""
    a, alone = w.attributes, 2 - len(axes)
    pads = a.get("pads", [0] * 6)
    window: dict[str, Any] = {
        name: [a.get(name, [1, 1, 1])[axis] for axis in axes] + [1] * alone
        for name in ("kernel_shape", "strides", "dilations")
    }
    before, after = ([pads[axis + end] for axis in axes] + [0] * alone for end in (0, 3))
    return window | {"pads": before + after}


def write_convolution_of_volumes(w: Writer) -> str | None:
    """
    Write a convolution of depth, height and width as one of height and width.

    The slices that a result is computed of stand side by side as its channels.
    """
    a = w.attributes
    if len(_sides(w)) != 3 or not (w.is_padded_explicitly() and w.is_fixed(1, 2)):
        return None
    rows, *kernel = w.value(1).shape[2:]
    images, channels, depth, height, width = w.value(0).shape
    stride, dilation = (a.get(name, [1, 1, 1])[0] for name in ("strides", "dilations"))
    pads, groups = a.get("pads", [0] * 6), a.get("group", 1)
    count = (depth + pads[0] + pads[3] - (rows - 1) * dilation - 1) // stride + 1
    slices = w.add("Transpose", w.inputs[0], perm=[0, 2, 1, 3, 4])
    if pads[0] or pads[3]:
        slices = w.add("Pad", slices, w.integers([pads[0], pads[3]]), "", w.integers([1]))
    places = [z * stride + k * dilation for z in range(count) for k in range(rows)]
    taken = w.add("Gather", slices, w.integers(places), axis=1)
    if groups > 1:
        split = [images * count, rows, groups, channels // groups, height * width]
        taken = w.add("Reshape", taken, w.integers(split))
        taken = w.add("Transpose", taken, perm=[0, 2, 1, 3, 4])
    taken = w.add("Reshape", taken, w.integers([images * count, rows * channels, height, width]))
    turned = w.add("Transpose", w.inputs[1], perm=[0, 2, 1, 3, 4])
    weights = w.add("Reshape", turned, w.integers([0, -1, *kernel]))
    window = _window(w, [1, 2]) | {"kernel_shape": kernel, "group": groups}
    result = w.add("Conv", taken, weights, *w.inputs[2:], **window)
    sides = w.add("Shape", result, start=1)
    shape = w.add("Concat", w.integers([images, count]), sides, axis=0)
    return w.add("Transpose", w.add("Reshape", result, shape), perm=[0, 2, 1, 3, 4])


def write_affine_grid(w: Writer) -> str:
    """Write the places that an affine map samples: [N, H, W, 2], or [N, D, H, W, 3]."""
    images, _, *sizes = (int(size) for size in w.known(1))
    centred = 0 if w.attributes.get("align_corners", 0) else 1
    axes = [np.arange(size) * 2.0 + centred for size in sizes]
    spans = [size - 1 + centred for size in sizes]
    lines = [axis / max(span, 1) - 1 for axis, span in zip(axes, spans, strict=True)]
    places = [*np.meshgrid(*lines, indexing="ij")][::-1]
    rows = np.stack([p.ravel() for p in (*places, np.ones(sizes))], 1).astype(np.float32)
    mapped = w.add("MatMul", w.constant(rows), w.add("Transpose", w.inputs[0], perm=[0, 2, 1]))
    return w.add("Reshape", mapped, w.integers([images, *sizes, len(sizes)]))
