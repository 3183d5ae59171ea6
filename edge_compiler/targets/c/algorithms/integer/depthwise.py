"""From a depthwise QConv to a step of qdepthwise.h, qdepthwise_dot.h or qdepthwise_pairs.h."""

from __future__ import annotations

import numpy as np

from edge_compiler import ops
from edge_compiler.ir.graph import Node
from edge_compiler.ir.quantised import largest_sum, multipliers
from edge_compiler.targets.c.algorithms.integer.lower import as_planes
from edge_compiler.targets.c.algorithms.integer.rounding import flip, rounding_text, unsigned_zero
from edge_compiler.targets.c.layer import pad_channels, pad_first
from edge_compiler.targets.program.calls import Call, Field, reading, SCRATCH, writing
from edge_compiler.targets.program.layout import BLOCK, BLOCKED
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array, Geometry, required
from edge_compiler.targets.program.variants import AVX2, Variant
from edge_perception.runtime.dtypes import FLOAT32
from edge_perception.runtime.manifest import CONVOLUTION

_MOST_PIXELS = 8
_STRIP_BYTES = 96 * 1024
"""Of floats that are worked on together: a part of a second-level cache."""
_FOUR = 4
"""Pixels that qdepthwise_dot.h multiplies at once."""
_MOST_PAIRS = 6
"""Pixels of a tile of qdepthwise_pairs.h: their sums fit into registers."""
_PAIR_ORDER = (*range(4), *range(8, 12), *range(4, 8), *range(12, 16))
"""Of a block's channels in qdepthwise_pairs.h."""
_EXACT = 2**24
"""Below it, float32 has all integers."""


def suits_depthwise(node: Node) -> bool:
    """Return whether a QConv is depthwise, and float32 has all of its sums."""
    w, channels = required(node, 1), node.input(0).shape[1]
    depthwise = 1 < node.attributes["group"] == channels == len(w)
    return depthwise and largest_sum(w, required(node, 2)) < _EXACT


def lower_depthwise(low: Lowering, node: Node) -> None:
    """Add the step."""
    geometry, w = Geometry.of(node), as_planes(required(node, 1))
    source, target = low.source(node.input(0), BLOCKED), low.target(node.output, BLOCKED)
    blocks = pad_first(w[:, 0]).reshape(-1, BLOCK, *w.shape[2:]).transpose(0, 2, 3, 1)
    scale = np.broadcast_to(multipliers(node), len(w)).astype(np.float32)
    arrays = blocks.astype(np.float32), required(node, 2).astype(np.float32), scale
    constants = [
        low.weights.add(arrays[0]),
        *(low.weights.add(pad_channels(a)) for a in arrays[1:]),
    ]
    fours = None
    if (
        low.leading.byte_windows
        and geometry.dilation == (1, 1)
        and _FOUR % geometry.stride[1] == 0
    ):
        fours = [low.weights.add(array) for array in _in_fours(node, w)]
    pairs = None
    if low.leading.lanes >= AVX2.lanes:  # else no instruction set of the library reads them
        pairs = [low.weights.add(array) for array in _in_pairs(node, w)]
    (stride_h, stride_w), (dilation_h, dilation_w) = geometry.stride, geometry.dilation
    kernel_h, kernel_w = geometry.kernel
    columns = (target.width - 1) * stride_w + (kernel_w - 1) * dilation_w + 1
    row = columns * BLOCK * FLOAT32.bytes
    window = (kernel_h - 1) * dilation_h + 1
    strip = min(max((_STRIP_BYTES // row - window) // stride_h + 1, 1), target.height)
    low.reserve_scratch(((strip - 1) * stride_h + window) * row)
    round_ = rounding_text(node, largest_sum(w, required(node, 2)))

    def evenly(most: int) -> int:
        return -(-target.width // -(-target.width // most))

    def call(variant: Variant) -> Call:
        fields: dict[str, Field] = {
            **geometry.fields(),
            "in_flip": flip(node.input(0)),
            "pixels": evenly(_MOST_PAIRS if variant.byte_pairs else _MOST_PIXELS),
            "out_w": target.width,
        }
        sizes: dict[str, int | str] = {
            "blocks": source.blocks,
            "in_h": source.height,
            "in_w": source.width,
            "in_plane": source.plane,
            "in_row": source.row,
            "in_zero": unsigned_zero(node.input(0)),
            "pad_top": geometry.pads[0],
            "pad_left": geometry.pads[1],
            "out_h": target.height,
            "out_plane": target.plane,
            "out_row": target.row,
            "round": round_,
            "strip": strip,
        }
        if variant.byte_windows and fours:
            pointers = (reading(source), *fours, constants[-1], writing(target), SCRATCH)
            return Call("qdepthwise_dot_run", "qdepthwise", fields, pointers, sizes)
        if variant.byte_pairs and pairs:
            pointers = (reading(source), *pairs, writing(target), SCRATCH)
            return Call("qdepthwise_pairs_run", "qdepthwise", fields, pointers, sizes)
        pointers = (reading(source), *constants, writing(target), SCRATCH)
        return Call("qdepthwise_run", "qdepthwise", fields, pointers, sizes)

    low.add(
        node,
        f"int8 depthwise {geometry}",
        [source],
        target,
        call,
        value=node.output,
        group=CONVOLUTION,
        macs=ops.macs(node),
        weight_bytes=arrays[0].nbytes,
    )


def _in_pairs(node: Node, w: Array) -> tuple[Array, Array, Array]:
    """Return weights, biases of unsigned products and multipliers for qdepthwise_pairs.h."""
    kernel = np.pad(pad_first(w[:, 0]), [(0, 0), (0, 0), (0, w.shape[3] % 2)])
    blocks = kernel.reshape(-1, BLOCK, w.shape[2], kernel.shape[2] // 2, 2)[:, _PAIR_ORDER]
    scale = np.broadcast_to(multipliers(node), len(w)).astype(np.float32)
    bias, scales = (
        pad_channels(a).reshape(-1, BLOCK)[:, _PAIR_ORDER].reshape(-1)
        for a in (_unsigned_bias(node, w), scale)
    )
    return blocks.transpose(0, 2, 3, 1, 4).astype(np.int16), bias, scales


def _unsigned_bias(node: Node, w: Array) -> Array:
    """Return what sums of products with unsigned bytes begin with."""
    sums = w.astype(np.int64).reshape(len(w), -1).sum(1)
    bias: Array = required(node, 2) - unsigned_zero(node.input(0)) * sums
    return bias.astype(np.int32)


def _in_fours(node: Node, w: Array) -> tuple[Array, Array]:
    """Return weights as qdepthwise_dot.h reads them, and biases of unsigned products."""
    kernel = np.pad(pad_first(w[:, 0]), [(0, 0), (0, 0), (0, -w.shape[3] % _FOUR)])
    blocks = kernel.reshape(-1, BLOCK, w.shape[2], kernel.shape[2] // _FOUR, _FOUR)
    return blocks.transpose(0, 2, 3, 1, 4).copy(), pad_channels(_unsigned_bias(node, w))
