"""From a QConv or QMatMul to a step of qconv.h, qplanes.h or qwinograd.h."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edge_compiler import ops
from edge_compiler.ir.graph import Node
from edge_compiler.ir.quantised import largest_sum, multipliers
from edge_compiler.targets.c.algorithms.integer.rounding import flip, rounding_text, unsigned_zero
from edge_compiler.targets.c.algorithms.integer.tiles import (
    are_small,
    ByteTile,
    last_groups,
    MOST_PIXELS,
    pack_bytes,
)
from edge_compiler.targets.c.algorithms.integer.winograd import suits_winograd, Winograd
from edge_compiler.targets.c.layer import pad_channels, spread_groups
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.layout import BLOCK, BLOCKED, DENSE, image_shape
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array, Geometry, required
from edge_compiler.targets.program.program import (
    Call,
    Field,
    Pointer,
    reading,
    SCRATCH,
    Table,
    writing,
)
from edge_compiler.targets.program.variants import Variant
from edge_perception.runtime.dtypes import ELEMENT_TYPES
from edge_perception.runtime.manifest import CONVOLUTION

_CELL = 2 * BLOCK
"""Bytes of a cell at most, see bytes.h."""
_MOST_PLANES, _MOST_COLUMNS = 4, 8
"""Of what qplanes.h takes: an image's channels; a kernel's columns, and those of a stride."""
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

    :ivar shape: of the weights: (out, in, h, w).
    :ivar rounding: of the sums, as C text.
    :ivar pixels: returns how a buffer lies, once all have their place.
    :ivar starts: input block at which each output block of a grouped convolution begins.
    :ivar planes: of an image whose windows are multiplied, see qplanes.h: the shape's channels
        are what a result reads of all of them; 0: the image lies in blocks.
    """

    node: Node
    geometry: Geometry
    shape: tuple[int, ...]
    rounding: str
    source: Buffer
    target: Buffer
    pixels: Callable[[Buffer], Pixels]
    starts: Table | None = None
    planes: int = 0

    @property
    def image_blocks(self) -> int:
        """Blocks of the input, or its planes."""
        if self.planes:
            return self.planes
        return self.source.blocks if self.starts else -(-self.shape[1] // BLOCK)

    @property
    def out_blocks(self) -> int:
        """Blocks of the result."""
        return -(-self.shape[0] // BLOCK)

    @property
    def scratch_bytes(self) -> int:
        """Bytes that a thread needs for what a tile reads of the image."""
        if self.planes:
            in_blocks = -(-self.shape[1] // BLOCK)
            return MOST_PIXELS * (in_blocks * _CELL + (in_blocks + 1) * BLOCK)
        return self.image_blocks * self.geometry.kernel[0] * _cells(self.geometry) * _CELL

    def winograd(self, weights: Array, leading: Variant) -> Winograd | None:
        """Return how qwinograd.h may compute it, if it can."""
        image = self.starts is None and self.source.layout is BLOCKED
        if not image or not suits_winograd(weights, self.geometry):
            return None
        size = self.target.height, self.target.width
        return Winograd.of(self.shape[0], self.shape[1], size, leading)

    def sizes(self) -> dict[str, int | str]:
        """Return what any kernel is told of the image and the result."""
        return {
            **self.pixels(self.source).fields("in"),
            **self.pixels(self.target).fields("out"),
            "outside": unsigned_zero(self.node.input(0)),
            "pad_top": self.geometry.pads[0],
            "pad_left": self.geometry.pads[1],
            "out_blocks": self.out_blocks,
            "round": self.rounding,
        }

    def direct(
        self, block_weights: int, small: bool, variant: Variant
    ) -> tuple[dict[str, Field], dict[str, int | str]]:
        """
        Return what qconv.h is told: constants of its machine code, and what it reads.

        :param block_weights: bytes of an output block.
        :param small: whether its weights are.
        """
        made, (out_channels, channels) = self.pixels(self.target), self.shape[:2]
        together = 1 if self.starts else self.out_blocks
        tile = ByteTile.of(made.width, together, variant.byte_registers, variant.byte_sums)
        rest = (out_channels - 1) % BLOCK + 1
        fields: dict[str, Field] = {
            **self.geometry.fields(),
            "last_groups": last_groups(channels),
            "first_block": self.starts,
            "small": int(small),
            "in_flip": flip(self.node.input(0)),
            **tile.fields(),
        }
        return fields, {
            **self.sizes(),
            **tile.sizes(made.height, self.out_blocks),
            "image_blocks": self.image_blocks,
            "in_blocks": -(-channels // BLOCK),
            "last_channels": BLOCK if self.target.layout is BLOCKED else rest,
            "block_weights": block_weights,
        }


def lower_convolution(low: Lowering, node: Node) -> None:
    """Add the step of a dense or grouped convolution."""
    geometry, w, starts = Geometry.of(node), as_planes(required(node, 1)), None
    if _suits_planes(low, node, geometry):
        _lower_planes(low, node, geometry, w)
        return
    source, target = low.source(node.input(0), BLOCKED), low.target(node.output, BLOCKED)
    if node.attributes.get("group", 1) > 1:
        w, starts = spread_groups(w, source.channels)
    plain = geometry.kernel == geometry.stride == (1, 1) and not any(geometry.pads)

    def pixels(buffer: Buffer) -> Pixels:
        steps = (buffer.plane, buffer.row, BLOCK)
        if plain:  # one long row
            return Pixels(1, buffer.height * buffer.width, steps)
        return Pixels(buffer.height, buffer.width, steps)

    _add(
        low,
        ByteLayer(node, geometry, w.shape, _rounding(node, w), source, target, pixels, starts),
        w,
    )


def _suits_planes(low: Lowering, node: Node, geometry: Geometry) -> bool:
    """Return whether qplanes.h suits a convolution: of one image with few channels, in planes."""
    image = node.input(0)
    few = image.shape[0] == 1 and image.shape[1] <= _MOST_PLANES and node.attributes["group"] == 1
    small = 1 < geometry.kernel[1] <= _MOST_COLUMNS >= geometry.stride[1]
    in_planes = low.is_free(image, DENSE) and not low.is_free(image, BLOCKED)
    return few and small and in_planes and geometry.dilation == (1, 1)


def _lower_planes(low: Lowering, node: Node, geometry: Geometry, w: Array) -> None:
    source, target = low.source(node.input(0), DENSE), low.target(node.output, BLOCKED)
    _, planes, height, width = image_shape(node.input(0).shape)

    def pixels(buffer: Buffer) -> Pixels:
        if buffer is source:
            return Pixels(height, width, (height * width, width, 1))
        return Pixels(buffer.height, buffer.width, (buffer.plane, buffer.row, BLOCK))

    windows = w.transpose(0, 2, 1, 3).reshape(len(w), -1, 1, 1)
    layer = ByteLayer(
        node,
        geometry,
        windows.shape,
        _rounding(node, w),
        source,
        target,
        pixels,
        planes=planes,
    )
    _add(low, layer, windows)


def lower_product(low: Lowering, node: Node) -> None:
    """Add the step of rows times a constant matrix: a 1x1 convolution of a pixel a row."""
    source, target = low.source(node.input(0), DENSE), low.target(node.output, DENSE)
    w = required(node, 1).T[:, :, None, None]
    geometry = Geometry((1, 1), (1, 1), (1, 1), (0, 0, 0, 0))

    def pixels(buffer: Buffer) -> Pixels:
        length = buffer.shape[-1]
        return Pixels(1, buffer.channels // length, (BLOCK, 0, length))

    _add(low, ByteLayer(node, geometry, w.shape, _rounding(node, w), source, target, pixels), w)


def as_planes(weights: Array) -> Array:
    """Return weights with a kernel of rows and columns; along a line there is one row."""
    return weights if weights.ndim == 4 else weights[:, :, None]


def _rounding(node: Node, w: Array) -> str:
    return rounding_text(node, largest_sum(w, required(node, 2)))


def _add(low: Lowering, layer: ByteLayer, w: Array) -> None:
    node, geometry = layer.node, layer.geometry
    sums = w.astype(np.int64).reshape(len(w), -1).sum(1)
    least = _SIGNED if low.leading.signed_bytes else 0
    bias = required(node, 2) + (least - unsigned_zero(node.input(0))) * sums
    scale = np.broadcast_to(multipliers(node), len(w)).astype(np.float32)
    packed = pack_bytes(w)
    block_weights, small = packed.shape[1], are_small(packed)
    arrays = packed, pad_channels(bias.astype(np.int32)), pad_channels(scale)
    weights, *others = (low.weights.add(array) for array in arrays)
    low.reserve_scratch(layer.scratch_bytes)
    winograd, prepared = layer.winograd(w, low.leading), weights
    if winograd is not None:
        low.reserve_scratch(winograd.scratch_bytes)
        place = low.reserve_prepared((weights, w.shape), winograd.prepared_bytes)
        prepared = Pointer.to("m->prepared", place, ELEMENT_TYPES["int16"])

    def call(variant: Variant) -> Call:
        image, result = reading(layer.source), writing(layer.target)
        if winograd is not None and winograd.pays(variant):
            fields = {"in_flip": flip(node.input(0)), **winograd.fields(variant)}
            sizes = {n: size for n, size in layer.sizes().items() if not n.endswith("_pixel")}
            pointers = (image, prepared, *others, result, SCRATCH)
            sizes |= winograd.sizes(variant)
            return Call("qwinograd_run", "qwinograd", fields, pointers, sizes)
        fields, sizes = layer.direct(block_weights, small, variant)
        pointers = (image, weights, *others, result, SCRATCH)
        kernel = "qplanes_run" if layer.planes else "qconv_run"
        return Call(kernel, "qconv", fields, pointers, sizes)

    def prepare(variant: Variant) -> Call | None:
        if winograd is None or not winograd.pays(variant):
            return None
        return winograd.prepare(block_weights, weights, prepared)

    kind = "product" if node.op == "QMatMul" else f"{'grouped ' if layer.starts else ''}{geometry}"
    how = "Winograd " if winograd is not None and winograd.pays(low.leading) else ""
    low.add(
        node,
        f"int8 {how}{kind}",
        [layer.source],
        layer.target,
        call,
        value=node.output,
        group=CONVOLUTION,
        prepare=prepare,
        macs=ops.macs(node),
        weight_bytes=packed.nbytes,
    )


def _cells(geometry: Geometry) -> int:
    """Return how many cells of a row a tile reads at most."""
    reach = (geometry.kernel[1] - 1) * geometry.dilation[1]
    return (MOST_PIXELS - 1) * geometry.stride[1] + reach + 1
