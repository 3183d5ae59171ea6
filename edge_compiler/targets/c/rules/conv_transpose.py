"""ConvTranspose: an ordinary convolution for each phase of the result, or a single one."""

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
_FEW = BLOCK // 2
"""Channels, which leave most of a block empty: moving results costs less than computing that."""


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
    Lower one convolution if windows don't overlap, else one for each phase.

    A phase that meets no place in the kernel is the bias.
    """
    value, groups, whole = node.input(0), node.attributes["group"], Geometry.of(node)
    w = as_planes(swap_channels(required(node, 1), groups))
    bias = node.constant(2)
    b = np.zeros(w.shape[0], np.float32) if bias is None else bias
    if groups == 1 and _is_window_a_pixel(node, whole):
        if len(w) <= _FEW:
            _lower_few_channels(low, node, chooser, w, b)
            return
        source, target = low.source(value, BLOCKED), low.target(node.output, BLOCKED)
        phase = Phase((0, 0), whole.stride)
        layer = Layer(node, _POINT, source, target, None, "spread", phase)
        lower_convolution(low, chooser, layer, w, b)
        return
    few = groups == 1 and value.shape[1] < BLOCK and low.is_free(value, PLANAR)
    source = low.source(value, PLANAR if few else BLOCKED)
    target = low.target(node.output, BLOCKED)
    kind = kind_of(value.shape[1], w.shape[0], groups)
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


def _lower_few_channels(low: Lowering, node: Node, chooser: Chooser, w: Array, b: Array) -> None:
    """Compute windows as the channels of pixels, which fill blocks better, and then move them."""
    value, (outputs, channels, *window) = node.input(0), w.shape
    images, _, height, width = image_shape(value.shape)
    places, sides = math.prod(window), len(value.shape) - 2
    weights = w.transpose(0, 2, 3, 1).reshape(outputs * places, channels, *[1] * sides)
    constants = [
        Value(f"{node.output.name}/{name}", array.shape, FLOAT32, array)
        for name, array in (("weights", weights), ("bias", b.repeat(places)))
    ]
    name = f"{node.output.name}/windows"
    wide = Value(name, (images, outputs * places, *value.shape[2:]))
    ones: dict[str, Any] = dict.fromkeys(("kernel_shape", "strides", "dilations"), [1] * sides)
    attributes = {"group": 1, "pads": [0] * 2 * sides, **ones}
    fused = Fused(None, node.fused.activation)
    conv = Node("Conv", node.name, [value, *constants], [wide], attributes, fused, node.origins)
    lower_conv(low, conv, chooser)
    move = Node(node.op, node.name, [wide], [node.output], {}, origins=node.origins)
    copy_in_order(low, move, (images, outputs, *window, height, width), (0, 1, 4, 2, 5, 3))


def _part(w: Array, y: Taps, x: Taps) -> Array:
    """Return the weights of a phase; none, of no channel, if it has no place in the kernel."""
    if not (y.kernel and x.kernel):
        return w[:, :0, :1, :1]
    return w[:, :, y.kernel][..., x.kernel]
