"""From a QConv or QMatMul to a step of qconv.h."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edge_compiler import ops
from edge_compiler.ir.graph import Node
from edge_compiler.ir.quantised import largest_sum, multipliers
from edge_compiler.targets.c.algorithms.integer.rounding import flip, rounding_text, unsigned_zero
from edge_compiler.targets.c.algorithms.integer.tiles import (
    ByteTile,
    last_groups,
    MOST_PIXELS,
    pack_bytes,
)
from edge_compiler.targets.c.layer import pad_channels, spread_groups
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.layout import BLOCK, BLOCKED, DENSE
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array, Geometry, required
from edge_compiler.targets.program.program import Call, Field, reading, SCRATCH, Table, writing
from edge_compiler.targets.program.variants import Variant
from edge_perception.runtime.manifest import CONVOLUTION

_CELL = 2 * BLOCK
"""Bytes of a cell at most, see bytes.h."""
_SIGNED = 128
"""What a signed byte is less than the unsigned one of the same bits, its top bit turned."""


@dataclass(frozen=True)
class Pixels:
    """
    Rows of pixels in memory.

    :ivar steps: bytes from one block, row or pixel to the next.
    """

    height: int
    width: int
    steps: tuple[int, int, int]

    def fields(self, side: str) -> dict[str, int | str]:
        """Return the fields of the image ("in") or the result ("out")."""
        names = ("h", "w", "plane", "row", "pixel")
        numbers = (self.height, self.width, *self.steps)
        return {f"{side}_{name}": number for name, number in zip(names, numbers, strict=True)}


@dataclass(frozen=True)
class ByteLayer:
    """
    A node with its buffers.

    :ivar weights: (out, in, h, w).
    :ivar pixels: returns how a buffer lies, once all have their place.
    :ivar starts: input block at which each output block of a grouped convolution begins.
    """

    node: Node
    geometry: Geometry
    weights: Array
    source: Buffer
    target: Buffer
    pixels: Callable[[Buffer], Pixels]
    starts: Table | None = None

    @property
    def image_blocks(self) -> int:
        """Blocks of the input."""
        return self.source.blocks if self.starts else -(-self.weights.shape[1] // BLOCK)


def lower_convolution(low: Lowering, node: Node) -> None:
    """Add the step of a dense or grouped convolution."""
    geometry, w, starts = Geometry.of(node), as_planes(required(node, 1)), None
    source, target = low.source(node.input(0), BLOCKED), low.target(node.output, BLOCKED)
    if node.attributes.get("group", 1) > 1:
        w, starts = spread_groups(w, source.channels)
    plain = geometry.kernel == geometry.stride == (1, 1) and not any(geometry.pads)

    def pixels(buffer: Buffer) -> Pixels:
        steps = (buffer.plane, buffer.row, BLOCK)
        if plain:  # one long row
            return Pixels(1, buffer.height * buffer.width, steps)
        return Pixels(buffer.height, buffer.width, steps)

    _add(low, ByteLayer(node, geometry, w, source, target, pixels, starts))


def lower_product(low: Lowering, node: Node) -> None:
    """Add the step of rows times a constant matrix: a 1x1 convolution of a pixel a row."""
    source, target = low.source(node.input(0), DENSE), low.target(node.output, DENSE)
    w = required(node, 1).T[:, :, None, None]
    geometry = Geometry((1, 1), (1, 1), (1, 1), (0, 0, 0, 0))

    def pixels(buffer: Buffer) -> Pixels:
        length = buffer.shape[-1]
        return Pixels(1, buffer.channels // length, (BLOCK, 0, length))

    _add(low, ByteLayer(node, geometry, w, source, target, pixels))


def as_planes(weights: Array) -> Array:
    """Return weights with a kernel of rows and columns; along a line there is one row."""
    return weights if weights.ndim == 4 else weights[:, :, None]


def _add(low: Lowering, layer: ByteLayer) -> None:
    node, geometry, w = layer.node, layer.geometry, layer.weights
    source, target, x = layer.source, layer.target, node.input(0)
    sums = w.astype(np.int64).reshape(len(w), -1).sum(1)
    least = _SIGNED if low.leading.signed_bytes else 0
    bias = (required(node, 2) + (least - unsigned_zero(x)) * sums).astype(np.int32)
    scale = np.broadcast_to(multipliers(node), len(w)).astype(np.float32)
    packed = pack_bytes(w)
    constants = [low.weights.add(a) for a in (packed, pad_channels(bias), pad_channels(scale))]
    round_ = rounding_text(node, largest_sum(w, required(node, 2)))
    low.reserve_scratch(layer.image_blocks * geometry.kernel[0] * _cells(geometry) * _CELL)

    def call(variant: Variant) -> Call:
        seen, made = layer.pixels(source), layer.pixels(target)
        blocks = 1 if layer.starts else len(packed)
        tile = ByteTile.of(made.width, blocks, variant)
        fields: dict[str, Field] = {
            **geometry.fields(),
            "last_groups": last_groups(w.shape[1]),
            "first_block": layer.starts,
            "in_flip": flip(x),
            **tile.fields(),
        }
        sizes: dict[str, int | str] = {
            **seen.fields("in"),
            **made.fields("out"),
            **tile.sizes(made.height, len(packed)),
            "image_blocks": layer.image_blocks,
            "in_blocks": -(-w.shape[1] // BLOCK),
            "outside": unsigned_zero(x),
            "pad_top": geometry.pads[0],
            "pad_left": geometry.pads[1],
            "out_blocks": len(packed),
            "last_channels": BLOCK if target.layout is BLOCKED else (len(w) - 1) % BLOCK + 1,
            "block_weights": packed.shape[1],
            "round": round_,
        }
        pointers = (reading(source), *constants, writing(target), SCRATCH)
        return Call("qconv_run", "qconv", fields, pointers, sizes)

    kind = "product" if node.op == "QMatMul" else f"{'grouped ' if layer.starts else ''}{geometry}"
    low.add(
        node,
        f"int8 {kind}",
        [source],
        target,
        call,
        value=node.output,
        group=CONVOLUTION,
        macs=ops.macs(node),
        weight_bytes=packed.nbytes,
    )


def _cells(geometry: Geometry) -> int:
    """Return how many cells of a row a tile reads at most."""
    reach = (geometry.kernel[1] - 1) * geometry.dilation[1]
    return (MOST_PIXELS - 1) * geometry.stride[1] + reach + 1
