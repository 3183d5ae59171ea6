"""Register tiles: how many pixels and channels a kernel of conv.h works on at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge_compiler.targets.c.variants import Variant


@dataclass(frozen=True)
class Tile:
    """A register tile; a row is ``wide`` tiles of ``pixels``, then ``narrow`` smaller ones."""

    pixels: int
    blocks: int
    wide: int
    narrow: int


def choose_tile(width: int, out_blocks: int, variant: Variant, *, most_blocks: int = 8) -> Tile:
    """Return the tile with the least estimated cycles for a row of ``width`` pixels."""
    return min(
        _tiles(width, min(most_blocks, out_blocks), variant),
        key=lambda tile: (_cycles(tile, out_blocks, variant), -tile.pixels),
    )


def _tiles(width: int, most_blocks: int, variant: Variant) -> Iterator[Tile]:
    """
    Yield the tiles that cut the row evenly and whose operands fit into the registers.

    These are the sums, a weight vector for each block, and one broadcast input element.
    """
    for blocks in range(1, most_blocks + 1):
        vectors = blocks * variant.vectors
        largest = (variant.registers - 1 - vectors) // vectors
        for pixels in range(1, min(largest, width) + 1):
            count = -(-width // pixels)
            narrow = count * pixels - width
            if narrow < count and (pixels > 1 or narrow == 0):
                yield Tile(pixels, blocks, count - narrow, narrow)


def _cycles(tile: Tile, out_blocks: int, variant: Variant) -> float:
    """
    Estimate the cycles for one row of all output blocks, per weight position.

    Each input lane costs two multiply-adds a cycle and two loads a cycle, and no less than the
    latency of one multiply-add; each tile costs its stores, spread over the sum's length.
    """

    def one(pixels: int, blocks: int) -> float:
        vectors = blocks * variant.vectors
        products, loads = pixels * vectors / 2, (pixels + vectors) / 2
        return max(products, loads, 4.0) + 0.02 * (pixels * vectors + 8)

    def row(blocks: int) -> float:
        narrow = tile.narrow * one(tile.pixels - 1, blocks) if tile.narrow else 0.0
        return tile.wide * one(tile.pixels, blocks) + narrow

    groups, rest = divmod(out_blocks, tile.blocks)
    return groups * row(tile.blocks) + (row(rest) if rest else 0.0)
