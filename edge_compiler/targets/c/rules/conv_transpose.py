"""
ConvTranspose: an ordinary convolution for each phase of the result, or a single one.

A phase are results that are a stride apart, which read the same places of the kernel. Shi et al.,
"Is the deconvolution layer the same as a convolutional layer?", 2016.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
import math
from typing import Any

import numpy as np

from edge_compiler.ir.graph import Fused, Node, Value
from edge_compiler.ops.layers import swap_channels
from edge_compiler.targets.c.algorithms import lower_convolution
from edge_compiler.targets.c.choice import Chooser
from edge_compiler.targets.c.layer import Layer, Phase
from edge_compiler.targets.c.rules.conv import as_planes, kind_of, lower_conv
from edge_compiler.targets.c.rules.rearrange import copy_in_order
from edge_compiler.targets.c.rules.table import lowers_choosing
from edge_compiler.targets.program.layout import BLOCK, BLOCKED, image_shape, image_size, PLANAR
from edge_compiler.targets.program.limits import require_constant, require_image
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array, Geometry, required
from edge_perception.runtime.dtypes import FLOAT32

_POINT = Geometry((1, 1), (1, 1), (1, 1), (0, 0, 0, 0))
_MOST_PHASES = 64
"""More would be too many steps, as of FCN's strides of 32."""


@dataclass(frozen=True)
class Taps:
    """
    What the results at a first place, and at every ``stride`` from there, read along one axis.

    :ivar place: the first.
    :ivar kernel: the places in the kernel, in the order of what they are multiplied with.
    :ivar start: where the first result reads with the first of them, zero or less in the padding.
    :ivar dilation: from what one of them reads to what the next one does.
    """

    place: int
    kernel: tuple[int, ...]
    start: int
    dilation: int


def phases(size: int, kernel: int, stride: int, dilation: int, pad: int) -> Iterator[Taps]:
    """
    Yield the taps of each phase along an axis.

    Input x adds to result y = stride * x + dilation * k - pad with the place k in the kernel, so a
    result is a sum over each k for which y + pad - dilation * k is a multiple of the stride.

    :param size: of the result.
    """
    for place in range(min(stride, size)):
        reads = [k for k in range(kernel) if (place + pad - dilation * k) % stride == 0][::-1]
        start = (place + pad - dilation * reads[0]) // stride if reads else 0
        yield Taps(place, tuple(reads), start, dilation // math.gcd(dilation, stride))


def check_conv_transpose(node: Node) -> str | None:
    """2-D or 1-D transposed convolution of any attributes, with constant weights."""
    return require_image(node.input(0)) or require_constant(node, 1, 2)


@lowers_choosing("ConvTranspose", check=check_conv_transpose)
def lower_conv_transpose(low: Lowering, node: Node, chooser: Chooser) -> None:
    """
    Lower a convolution for each phase, or one where windows don't overlap or channels are few.

    A phase that meets no place in the kernel is the bias.
    """
    value, groups, whole = node.input(0), node.attributes["group"], Geometry.of(node)
    w = as_planes(swap_channels(required(node, 1), groups))
    bias = node.constant(2)
    b = np.zeros(w.shape[0], np.float32) if bias is None else bias
    down, right = (
        list(phases(size, *window))
        for size, *window in zip(
            image_size(node.output.shape)[1:],
            whole.kernel,
            whole.stride,
            whole.dilation,
            whole.pads[:2],
            strict=True,
        )
    )
    is_window = groups == 1 and _is_window_a_pixel(node, whole)
    if _are_better_together(node, w, down, right, is_window):
        _lower_together(low, node, chooser, (w, b), (down, right))
        return
    if is_window:
        source, target = low.source(value, BLOCKED), low.target(node.output, BLOCKED)
        phase = Phase((0, 0), whole.stride)
        layer = Layer(node, _POINT, source, target, None, "spread", phase)
        lower_convolution(low, chooser, layer, w, b)
        return
    few = groups == 1 and value.shape[1] < BLOCK and low.is_free(value, PLANAR)
    source = low.source(value, PLANAR if few else BLOCKED)
    target = low.target(node.output, BLOCKED)
    kind = kind_of(value.shape[1], w.shape[0], groups)
    pairs = list(product(down, right))
    for y, x in pairs:
        part = _part(w, y, x)
        phase = Phase((y.place, x.place), whole.stride, last=(y, x) == pairs[-1])
        geometry = Geometry(
            part.shape[2:], (1, 1), (y.dilation, x.dilation), (-y.start, -x.start, 0, 0)
        )
        layer = Layer(
            node, geometry, source, target, None, kind if part.shape[1] else "dense", phase
        )
        source.require(geometry.halo(image_size(value.shape)[1:], layer.size))
        lower_convolution(low, chooser, layer, part, b)


def _is_window_a_pixel(node: Node, geometry: Geometry) -> bool:
    """Return whether each pixel becomes a window of its own, and nothing else is in the result."""
    sizes = (image_size(value.shape)[1:] for value in (node.input(0), node.output))
    return (
        geometry.kernel == geometry.stride
        and not any(geometry.pads)
        and all(
            size * stride == whole
            for size, whole, stride in zip(*sizes, geometry.stride, strict=True)
        )
    )


def _window(taps: list[Taps]) -> tuple[int, int]:
    """Return where the phases along an axis read first, and how far they reach from there."""
    read = [one for one in taps if one.kernel]
    first = min(one.start for one in read)
    last = max(one.start + (len(one.kernel) - 1) * one.dilation for one in read)
    return first, last - first + 1


def _are_better_together(
    node: Node, w: Array, down: list[Taps], right: list[Taps], is_window: bool
) -> bool:
    """
    Return whether all phases are computed as channels of one convolution.

    With few channels, blocks are fuller so: a third of the work is worth that results are moved.
    """
    strides, places = (1, *node.attributes["strides"])[-2:], (len(down), len(right))
    sizes = image_size(node.output.shape)[1:]
    if places != strides or any(size % place for size, place in zip(sizes, places, strict=True)):
        return False
    if node.attributes["group"] == 1:
        apart = _blocks(len(w)) * w.shape[2] * w.shape[3]
        together = _blocks(len(w) * math.prod(places)) * _window(down)[1] * _window(right)[1]
        if 3 * together <= 2 * apart:
            return True
    return not is_window and math.prod(places) > _MOST_PHASES


def _blocks(channels: int) -> int:
    return -(-channels // BLOCK)


def _lower_together(
    low: Lowering,
    node: Node,
    chooser: Chooser,
    layer: tuple[Array, Array],
    taps: tuple[list[Taps], list[Taps]],
) -> None:
    """
    Compute all phases of pixels as their channels, and then move them.

    :param layer: weights and bias.
    """
    (w, b), (down, right) = layer, taps
    (top, height), (left, width) = map(_window, taps)
    places = (len(down), len(right))
    whole = np.zeros((len(w), *places, w.shape[1], height, width), w.dtype)
    for (i, y), (j, x) in product(enumerate(down), enumerate(right)):
        if y.kernel and x.kernel:
            read = whole[:, i, j, :, y.start - top :: y.dilation, x.start - left :: x.dilation]
            read[:, :, : len(y.kernel), : len(x.kernel)] = _part(w, y, x)
    value, sides = node.input(0), len(node.input(0).shape) - 2
    images, outputs, rows, columns = image_shape(node.output.shape)
    size = (rows // places[0], columns // places[1])
    kernel = [height, width][-sides:]
    weights = whole.reshape(len(w) * math.prod(places), w.shape[1], *kernel)
    constants = [
        Value(f"{node.output.name}/{name}", array.shape, FLOAT32, array)
        for name, array in (("weights", weights), ("bias", b.repeat(math.prod(places))))
    ]
    wide = Value(f"{node.output.name}/phases", (images, len(weights), *size[-sides:]))
    attributes: dict[str, Any] = dict.fromkeys(("strides", "dilations"), [1] * sides)
    attributes["kernel_shape"] = kernel
    attributes["pads"] = [-top, -left][-sides:] + [0] * sides
    attributes["group"] = node.attributes["group"]
    fused = Fused(None, node.fused.activation)
    conv = Node("Conv", node.name, [value, *constants], [wide], attributes, fused, node.origins)
    lower_conv(low, conv, chooser)
    move = Node(node.op, node.name, [wide], [node.output], {}, origins=node.origins)
    copy_in_order(low, move, (images, outputs, *places, *size), (0, 1, 4, 2, 5, 3))


def _part(w: Array, y: Taps, x: Taps) -> Array:
    """Return the weights of a phase; none, of no channel, if it has no place in the kernel."""
    if not (y.kernel and x.kernel):
        return w[:, :0, :1, :1]
    return w[:, :, y.kernel][..., x.kernel]
