"""Direct convolution with products of 16 bits, where instruction sets have them: conv_pairs.h."""

from __future__ import annotations

from dataclasses import dataclass, replace
import math

import numpy as np

from edge_compiler.description.metadata import float16_layers
from edge_compiler.ir.half_sums import half_blocks, half_sums
from edge_compiler.targets.c.algorithms.direct.candidates import Direct
from edge_compiler.targets.c.algorithms.tiles import best_tiles, chunk_blocks
from edge_compiler.targets.c.choice import Sizes
from edge_compiler.targets.c.halves import is_half
from edge_compiler.targets.c.layer import Layer, part_sizes
from edge_compiler.targets.program.calls import Call, Field, Pointer, SCRATCH
from edge_compiler.targets.program.layout import BLOCK
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array
from edge_compiler.targets.program.variants import BFLOAT16, FLOAT16, Variant
from edge_perception.runtime.dtypes import FLOAT32
from edge_perception.runtime.manifest import HALF_SUMS, OPERANDS

_PACKED_BYTES = 96 << 10
"""Of a strip: it shares the second-level cache with the weights of a group of output blocks."""
_PIECES, _LEAST_PIECE = 16, 50_000
"""Of a layer, if its rows allow: fewer don't keep several threads equally busy; and the
multiply-accumulates that one is worth."""
_MOST_BLOCKS = 8
_WIDEN, _PACK = 12, 8
"""Instructions for a pixel's sums of a block of results in float16, and to round such a block."""


@dataclass(frozen=True)
class Pairs(Direct):
    """
    How conv_pairs.h computes a layer.

    :ivar type: of the numbers.
    :ivar exponent: of the power of two that the input is multiplied by.
    :ivar strip: rows that are packed together.
    :ivar splits: pieces of work that divide the groups of output blocks.
    :ivar bytes: of scratch memory.
    """

    type: str
    exponent: int
    strip: int
    splits: int
    bytes: int

    @classmethod
    def of(cls, layer: Layer, channels: int, variant: Variant, exponent: int) -> Pairs:
        """Return the largest tiles and strips that registers and cache have room for."""
        geometry, (height, width) = layer.geometry, layer.size
        room = replace(variant, registers=variant.pair_registers)
        tile = best_tiles(width, _MOST_BLOCKS, layer.out_blocks, room)[0]
        kernel, stride = geometry.kernel, geometry.stride
        apart = [step if size == 1 else 1 for size, step in zip(kernel, stride, strict=True)]
        reach = [(k - 1) * d for k, d in zip(kernel, geometry.dilation, strict=True)]
        columns = ((width - 1) * stride[1] + reach[1]) // apart[1] + 1
        pitch = columns * BLOCK if layer.lanes == BLOCK else (columns // BLOCK + 1) * BLOCK
        row = -(-channels // layer.lanes) * pitch * 2  # bytes

        def size(rows: int) -> int:
            return row * (((rows - 1) * stride[0] + reach[0]) // apart[0] + 1)

        strip = next((n for n in range(height, 1, -1) if size(n) <= _PACKED_BYTES), 1)
        groups = -(-layer.out_blocks // tile.blocks)
        macs = channels * math.prod(kernel) * layer.out_blocks * BLOCK * height * width
        pieces = min(_PIECES, -(-macs // _LEAST_PIECE))
        # to pack a strip again takes less time than to read weights again, but more instructions
        shared = 1 if variant.counted else groups
        strip = min(strip, -(-height * shared // pieces))
        strips = -(-height // strip)
        strip = -(-height // strips)
        splits = min(groups, -(-pieces // strips))
        return cls(tile, "CHANNELS_OUTER", variant.pairs, exponent, strip, splits, size(strip))

    @property
    def sizes(self) -> Sizes:
        """See Candidate."""
        return {**super().sizes, "strip": self.strip, "splits": self.splits}

    def __str__(self) -> str:
        return f"products of {self.type}, tile {self.tile}, strips of {self.strip}"


def suits_pairs(low: Lowering, layer: Layer, packed: Array, channels: int) -> str:
    """
    Return of what type conv_pairs.h shall multiply pairs in a layer; empty: of none.

    One with a single result reads each weight once: pairs in memory would gain nothing.

    :param packed: its weights; those of either type are made of such of float16.
    :param channels: of the input.
    """
    suits = (
        layer.node.op == "Conv"
        and layer.kind == "dense"
        and is_half(packed)
        and layer.target.block == BLOCK
        and layer.size != (1, 1)
        and _TYPES[low.leading.pairs](low, layer, channels)
    )
    return low.leading.pairs if suits else ""


def _suits_bfloat16(_low: Lowering, layer: Layer, _channels: int) -> bool:
    """Return whether pairs are two channels of a pixel, or two neighbouring pixels of a plane."""
    geometry = layer.geometry
    in_twos = geometry.stride[1] == 2 and geometry.dilation[1] == 1
    return layer.lanes == BLOCK or (layer.lanes == 1 and in_twos)


def _suits_float16(low: Lowering, layer: Layer, channels: int) -> bool:
    """
    Return whether float16 has place for a layer's sums, and takes fewer instructions.

    A product takes half as many as in float32; sums of a few products are widened.
    """
    blocks, geometry = -(-channels // BLOCK), layer.geometry
    sums = math.prod(geometry.kernel) * len(half_sums(channels, geometry.kernel))
    products = math.prod(geometry.kernel) * channels
    saved = layer.out_blocks * (2 * products - _WIDEN * sums)
    read = 1 if geometry.kernel == (1, 1) else math.prod(geometry.stride)
    return (
        layer.lanes == BLOCK
        and channels % 2 == 0
        and saved > read * blocks * _PACK
        and exponent_of(low, layer) is not None
    )


def exponent_of(low: Lowering, layer: Layer) -> int | None:
    """Return of which power of two the input is multiplied by; None if float16 has no place."""
    layers = float16_layers(low.graph.metadata)
    return next((layers[name] for name in layer.node.origins if name in layers), None)


ROUNDED = {"": "", BFLOAT16: OPERANDS, FLOAT16: HALF_SUMS}
"""What is rounded where pairs of a type are multiplied, for the manifest."""

_TYPES = {
    "": lambda *_: False,
    BFLOAT16: _suits_bfloat16,
    FLOAT16: _suits_float16,
}


@dataclass(frozen=True)
class PairsStep:
    """
    A layer that conv_pairs.h computes, on instruction sets that can.

    :ivar channels: of the input.
    :ivar weights: pairs of the weights.
    :ivar biases: times the power of two that the input is multiplied by.
    :ivar block_weights: floats from one output block's to the next.
    :ivar prepared: where an instance has the weights in another form.
    :ivar prepare: makes them: pairs of bfloat16, or floats for those that have no such products.
    """

    layer: Layer
    channels: int
    kernel: Pairs
    weights: Pointer
    biases: Pointer
    block_weights: int
    prepared: Pointer
    prepare: Call

    @property
    def widens(self) -> bool:
        """Whether other instruction sets find the weights as floats, and not in float16."""
        return self.kernel.type == FLOAT16

    def preparation(self, variant: Variant) -> Call | None:
        """Return the call that an instance begins with; None if it needs none."""
        return self.prepare if bool(variant.pairs) != self.widens else None

    def call(self, variant: Variant) -> Call:
        """Return the call, once all buffers have their place."""
        layer, kernel = self.layer, self.kernel
        fields: dict[str, Field] = {
            "factor": 2.0**kernel.exponent if kernel.exponent else 0.0,
            "in_lanes": layer.lanes,
            "chunk": chunk_blocks(self.channels, layer.lanes, layer.geometry.kernel),
            "pairs": 1,
            "half_blocks": half_blocks(layer.geometry.kernel),
            **kernel.fields,
            **layer.common_fields(),
        }
        sizes: Sizes = {
            **layer.channel_sizes(self.channels),
            **layer.image_sizes(),
            "block_weights": self.block_weights,
            "out_h": layer.size[0],
            "out_plane": layer.target.plane,
            **kernel.sizes,
        }
        constants, sizes = part_sizes(sizes, kernel.tile.blocks, variant)
        pointers = (*layer.pointers(self.weights, self.biases), SCRATCH)
        return Call("conv_pairs_run", "conv", fields | constants, pointers, sizes, tiled=True)


def add_pairs(
    low: Lowering, layer: Layer, weights: Pointer, biases: Array, channels: int
) -> PairsStep:
    """
    Ask for the memory that a layer needs whose products are of 16 bits.

    :param weights: in float16, packed as conv.h has them.
    """
    height, width = layer.geometry.kernel
    if layer.lanes == 1:
        lines = (channels * height, width, 0, 1)
    else:
        blocks, last = divmod(channels - 1, BLOCK)
        lines = (blocks * height * width, BLOCK, height * width, last + 1)
    names = ("lines", "lanes", "last_lines", "last_lanes")
    block_weights = (lines[0] * -(-lines[1] // 2) + lines[2] * -(-lines[3] // 2)) * BLOCK
    exponent = exponent_of(low, layer) or 0 if low.leading.pairs == FLOAT16 else 0
    kernel = Pairs.of(layer, channels, low.leading, exponent)
    low.reserve_scratch(kernel.bytes)
    widens = kernel.type == FLOAT16
    size = block_weights * layer.out_blocks * FLOAT32.bytes * (1 + widens)
    position = low.reserve_prepared((weights, kernel.type, lines), size)
    fields: dict[str, Field] = {"half": 1}
    sizes: Sizes = {**dict(zip(names, lines, strict=True)), "blocks": layer.out_blocks}
    place = Pointer.to("m->prepared", position)
    function = "conv_pairs_widen" if widens else "conv_pairs_prepare"
    prepare = Call(function, "conv_pairs_weights", fields, (weights, place), sizes)
    prepared = Pointer.to("m->prepared", position, const=True)
    return PairsStep(
        layer,
        channels,
        kernel,
        weights if widens else prepared,
        low.weights.add(np.ldexp(biases, exponent)),
        block_weights,
        prepared,
        prepare,
    )
