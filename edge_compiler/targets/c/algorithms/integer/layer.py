"""A convolution or product in integers, with its buffers: what its kernels are told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.algorithms.integer.addition import Addition
from edge_compiler.targets.c.algorithms.integer.ends import Ends
from edge_compiler.targets.c.algorithms.integer.rounding import flip
from edge_compiler.targets.c.algorithms.integer.strips import Strips
from edge_compiler.targets.c.algorithms.integer.tiles import ByteTile, last_groups, MOST_PIXELS
from edge_compiler.targets.c.algorithms.integer.winograd import suits_winograd, Winograd
from edge_compiler.targets.program.buffers import Buffer
from edge_compiler.targets.program.calls import Field, Table
from edge_compiler.targets.program.layout import BLOCK, BLOCKED
from edge_compiler.targets.program.nodes import Array, Geometry
from edge_compiler.targets.program.variants import Variant

_CELL = 2 * BLOCK
"""Bytes of a cell at most, see bytes_cell.h."""


@dataclass(frozen=True)
class Pixels:
    """
    Rows of pixels in memory.

    :ivar steps: elements from one block, row or pixel to the next.
    """

    height: int
    width: int
    steps: tuple[int, int, int]

    def fields(self, side: str, size: int) -> dict[str, int | str]:
        """
        Return the fields of the image ("in") or the result ("out").

        :param size: bytes of an element.
        """
        names = ("h", "w", "plane", "row", "pixel")
        numbers = (self.height, self.width, *(step * size for step in self.steps))
        return {f"{side}_{name}": number for name, number in zip(names, numbers, strict=True)}


@dataclass(frozen=True)
class ByteLayer:
    """
    A node with its buffers.

    :ivar shape: of the weights: (out, in, h, w).
    :ivar ends: what becomes of the sums.
    :ivar pixels: returns how a buffer lies, once all have their place.
    :ivar starts: input block at which each output block of a grouped convolution begins.
    :ivar planes: of an image whose windows are multiplied, see qplanes.h: the shape's channels
        are what a result reads of all of them; 0: the image lies in blocks.
    :ivar addition: to the result.
    """

    node: Node
    geometry: Geometry
    shape: tuple[int, ...]
    ends: Ends
    source: Buffer
    target: Buffer
    pixels: Callable[[Buffer], Pixels]
    starts: Table | None = None
    planes: int = 0
    addition: Addition | None = None

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
        bytes_ = self.node.op == "QConv" and self.source.layout is BLOCKED
        if not bytes_ or self.starts or not suits_winograd(weights, self.geometry):
            return None
        size = self.target.height, self.target.width
        return Winograd.of(self.shape[0], self.shape[1], size, leading)

    def tile(self, variant: Variant) -> ByteTile:
        """Return the tile of qconv.h."""
        width = self.pixels(self.target).width
        together = 1 if self.starts else self.out_blocks
        pixels = 2 if variant.byte_matrices else 1
        registers = variant.byte_registers
        return ByteTile.of(width, together, registers, variant.vectors, pixels)

    def strips(self, block_weights: int, per_word: int, variant: Variant) -> Strips | None:
        """Return the strips of qstrip.h, if it may compute the layer with an instruction set."""
        if not variant.byte_strips or self.ends.kernels[0] != "qconv_run" or self.planes:
            return None
        made, blocks = self.pixels(self.target), (self.image_blocks, self.out_blocks)
        size, cell = (made.height, made.width), BLOCK if per_word > 1 else _CELL
        return Strips.of(self.geometry, size, blocks, self.tile(variant), cell, block_weights)

    def sizes(self) -> dict[str, int | str]:
        """Return what any kernel is told of the image and the result."""
        return {
            **self.pixels(self.source).fields("in", self.source.type.bytes),
            **self.pixels(self.target).fields("out", self.target.type.bytes),
            "outside": self.ends.outside,
            "pad_top": self.geometry.pads[0],
            "pad_left": self.geometry.pads[1],
            "out_blocks": self.out_blocks,
            "round": self.ends.rounding,
        }

    def direct(
        self, block_weights: int, per_word: int, variant: Variant
    ) -> tuple[dict[str, Field], dict[str, int | str]]:
        """
        Return what qconv.h is told: constants of its machine code, and what it reads.

        :param block_weights: bytes of an output block.
        :param per_word: products with its weights that 16 bits hold together.
        """
        made, (out_channels, channels) = self.pixels(self.target), self.shape[:2]
        tile = self.tile(variant)
        rest = (out_channels - 1) % BLOCK + 1
        fields: dict[str, Field] = {
            **self.geometry.fields(),
            "last_groups": last_groups(channels),
            "first_block": self.starts,
            "per_word": per_word,
            "in_flip": flip(self.node.input(0)),
            "adds": int(self.addition is not None),
            "result": self.ends.result,
            **tile.fields(),
        }
        return fields, {
            **self.sizes(),
            **(self.addition.sizes() if self.addition else {}),
            **tile.sizes(made.height, self.out_blocks),
            "image_blocks": self.image_blocks,
            "in_blocks": -(-channels // BLOCK),
            "last_channels": BLOCK if self.target.layout is BLOCKED else rest,
            "block_weights": block_weights,
        }


def _cells(geometry: Geometry) -> int:
    """Return how many cells of a row a tile reads at most."""
    reach = (geometry.kernel[1] - 1) * geometry.dilation[1]
    return (MOST_PIXELS - 1) * geometry.stride[1] + reach + 1
