"""Operators on images: convolutions, pools, means, Resize."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edge_compiler.float64.exact import Array, Exact
from edge_compiler.float64.strassen import may_be_strassen, mixed_sizes
from edge_compiler.float64.table import Call, exactly, reference
from edge_compiler.ir.graph import Node
from edge_compiler.ir.resize import resized_axes, windows

WINOGRAD = 4.0
"""How much larger the terms of F(4x4, 3x3) are than those of the largest sum: measured, some 3."""
_STRASSEN_SUMS = 6
"""Roundings of sums of weights and of pixels; sums of products are twice as long at most."""

_ALL_CHANNELS = (slice(None),) * 3
"""Groups, outputs and inputs of a group."""


def shifted(node: Node, x: Array, fill: float = 0.0) -> Iterator[tuple[tuple[int, ...], Array]]:
    """Yield for each position in the window what all windows have there: (N, C, *out)."""
    kernel, strides, dilations, pads = _window(node)
    out = node.output.shape[2:]
    edges = [(0, 0), (0, 0)]
    for i, size in enumerate(out):
        reach = (size - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1
        edges.append((pads[i], max(0, reach - pads[i] - x.shape[2 + i])))
    padded = np.pad(x, edges, constant_values=fill)
    for place in np.ndindex(*kernel):
        first = [k * dilation for k, dilation in zip(place, dilations, strict=True)]
        yield place, padded[_every(first, strides, out)]


def _window(node: Node) -> Iterator[list[int]]:
    names = ("kernel_shape", "strides", "dilations", "pads")
    return (node.attributes[name] for name in names)


def _every(first: list[int], strides: list[int], count: tuple[int, ...]) -> tuple[slice, ...]:
    """Return what takes so many pixels from the first ones on, of all channels and images."""
    spans = zip(first, strides, count, strict=True)
    return (slice(None), slice(None), *(slice(f, f + (n - 1) * s + 1, s) for f, s, n in spans))


@exactly("Conv")
def _conv(call: Call) -> Exact:
    node, w, bias = call.node, call.input(1), call.optional(2)
    b = np.zeros(1) if bias is None else bias.value
    value = convolve(node, call.x.value, w.value, b)
    size = convolve(node, call.x.size, w.size, np.abs(b))
    if _may_be_winograd(node):
        largest = WINOGRAD * size.max(axis=tuple(range(2, size.ndim)), keepdims=True)
        size = np.broadcast_to(largest, size.shape)
    roundings = w.value[0].size + 1
    if may_be_strassen(node, w.value):
        ((_, pixels),) = shifted(node, call.x.size)
        size = mixed_sizes(w.size, pixels) + _each_channel(np.abs(b), size.ndim)
        roundings = 2 * roundings + _STRASSEN_SUMS
    return Exact(value, size, call.depth + roundings)


def convolve(node: Node, x: Array, w: Array, b: Array) -> Array:
    """Return a convolution with the attributes of a node, whose output has the result's shape."""
    groups = node.attributes["group"]
    weights = w.reshape(groups, w.shape[0] // groups, *w.shape[1:])
    total: Array = np.zeros(())
    for place, pixels in shifted(node, x):
        total = total + weights[_ALL_CHANNELS + place] @ pixels.reshape(
            len(x), groups, w.shape[1], -1
        )
    return total.reshape(node.output.shape) + _each_channel(b, x.ndim)


def _each_channel(b: Array, rank: int) -> Array:
    return b.reshape(-1, *[1] * (rank - 2))


@exactly("ConvTranspose")
def _conv_transpose(call: Call) -> Exact:
    node, w, bias = call.node, call.input(1), call.optional(2)
    b = np.zeros(1) if bias is None else bias.value
    value = _spread(node, call.x.value, w.value, b)
    size = _spread(node, call.x.size, w.size, np.abs(b))
    terms = w.value[:, 0].size // int(node.attributes["group"])
    return Exact(value, size, call.depth + terms + 1)


def _spread(node: Node, x: Array, w: Array, b: Array) -> Array:
    """Add what each input contributes to where it does, and cut off the padding."""
    kernel, strides, dilations, pads = _window(node)
    groups, out, rank = node.attributes["group"], node.output.shape, len(kernel)
    reach = [
        pads[i] + max(out[2 + i], (x.shape[2 + i] - 1) * strides[i] + (k - 1) * dilations[i] + 1)
        for i, k in enumerate(kernel)
    ]
    total = np.zeros((*out[:2], *reach))
    weights = w.reshape(groups, -1, *w.shape[1:]).swapaxes(1, 2)
    pixels = x.reshape(len(x), groups, weights.shape[2], -1)
    for place in np.ndindex(*kernel):
        first = [k * dilation for k, dilation in zip(place, dilations, strict=True)]
        part = weights[_ALL_CHANNELS + place] @ pixels
        total[_every(first, strides, x.shape[2:])] += part.reshape(*out[:2], *x.shape[2:])
    inside = _every(pads[:rank], [1] * rank, out[2:])
    return np.asarray(total[inside]) + _each_channel(b, x.ndim)


def _may_be_winograd(node: Node) -> bool:
    """Return whether the pixels of a patch are mixed and parted again, by us or another engine."""
    a = node.attributes
    plain = a["strides"] == a["dilations"] == [1] * len(a["strides"]) != a["kernel_shape"]
    return plain and int(a["group"]) == 1


@exactly("MaxPool")
def _max_pool(call: Call) -> Exact:
    value, size = np.float64(-np.inf), np.float64(0)
    for _, pixels in shifted(call.node, call.x.value, -np.inf):
        value = np.maximum(value, pixels)
    for _, pixels in shifted(call.node, call.x.size):
        size = np.maximum(size, pixels)
    return Exact(np.asarray(value), np.asarray(size), call.depth)


@exactly("AveragePool")
def _average_pool(call: Call) -> Exact:
    node, x = call.node, call.x
    inside = np.ones((1, 1, *x.value.shape[2:]))
    if node.attributes["count_include_pad"]:
        pads, rank = node.attributes["pads"], inside.ndim - 2
        # what ceil_mode adds behind the padding never counts
        edges = [(0, 0), (0, 0), *zip(pads[:rank], pads[rank:], strict=True)]
        inside = np.pad(inside, edges, constant_values=1)
        node = _without_pads(node)
    counts = _sum_of_windows(node, inside)
    value = _sum_of_windows(call.node, x.value) / counts
    size = _sum_of_windows(call.node, x.size) / counts
    window = int(np.prod(node.attributes["kernel_shape"]))
    return Exact(value, size, call.depth + window + 2)


def _sum_of_windows(node: Node, x: Array) -> Array:
    return np.asarray(sum(pixels for _, pixels in shifted(node, x)))


def _without_pads(node: Node) -> Node:
    attributes = {**node.attributes, "pads": [0] * len(node.attributes["pads"])}
    return Node(node.op, node.name, node.inputs, node.outputs, attributes)


@exactly("GlobalAveragePool")
def _global_average_pool(call: Call) -> Exact:
    return _mean(call, tuple(range(2, call.x.value.ndim)), keep=True)


@exactly("ReduceMean")
def _reduce_mean(call: Call) -> Exact:
    given = call.optional(1)
    axes = range(call.x.value.ndim) if given is None else given.value.ravel()
    return _mean(call, tuple(int(axis) for axis in axes), keep=bool(call.attribute("keepdims")))


def _mean(call: Call, axes: tuple[int, ...], keep: bool) -> Exact:
    value, size = (part.mean(axes, keepdims=keep) for part in (call.x.value, call.x.size))
    terms = call.x.value.size // max(value.size, 1)
    return Exact(value, size, call.depth + terms + 2)


@exactly("Resize")
def _resize(call: Call) -> Exact:
    value, size, roundings = call.x.value, call.x.size, 0
    outside = call.attribute("extrapolation_value")
    for axis in resized_axes(call.node):
        weights, missing = _weights(call.node, axis)
        terms = np.abs(weights)
        if call.attribute("mode") == "cubic":  # |a| (d^3 + 5 d^2 + 8 d + 4), d at most 2, and 6
            terms = np.where(weights != 0, 48 * abs(call.attribute("cubic_coeff_a")) + 6, 0.0)
        value = _along(value, axis, weights) + _of_axis(missing * outside, axis, value.ndim)
        size = _along(size, axis, terms)
        size = size + _of_axis(missing * abs(outside), axis, value.ndim)
        roundings += 3 + int(np.count_nonzero(weights, 0).max(initial=0))
    nearest = call.attribute("mode") == "nearest"
    return Exact(value, size, call.depth + (0 if nearest else roundings))


def _along(x: Array, axis: int, weights: Array) -> Array:
    return np.asarray(np.moveaxis(np.moveaxis(x, axis, -1) @ weights, -1, axis))


def _of_axis(numbers: Array, axis: int, rank: int) -> Array:
    return numbers.reshape(-1, *[1] * (rank - 1 - axis))


def _weights(node: Node, axis: int) -> tuple[Array, Array]:
    """Return what inputs contribute to outputs along an axis: (old, new), and what has none."""
    table = windows(node, axis)
    weights = np.zeros((node.input(0).shape[axis], len(table)))
    for index, window in enumerate(table):
        weights[window.first : window.first + len(window.weights), index] = window.weights
    return weights, np.array([float(not window.weights) for window in table])


@exactly("GridSample", "RoiAlign")
def _sampled(call: Call) -> Exact:
    x = call.x
    (value,) = reference(call.node, [None if i is None else i.value for i in call.inputs])
    # a place is off by roundings of its size in pixels, and so are the weights of what lies there
    pixels = sum(x.value.shape[2:])
    size = np.full(value.shape, pixels * x.size.max())
    return Exact(value, size, call.depth + 4)
