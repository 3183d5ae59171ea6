"""Register tiles of products: those that waste neither registers nor work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge_compiler.targets.c.choice import Fields, Sizes
from edge_compiler.targets.program.variants import Variant

SUM_TERMS = 1024
"""Terms that a tile adds up one by one; a longer sum is a sum of such sums."""

_MULTIPLY_ADDS, _LOADS, _LATENCY = 2, 2, 4
"""Of vectors: a cycle can do so many; a multiply-add's result is there after so many cycles."""


@dataclass(frozen=True)
class Tile:
    """
    A register tile; a row is ``wide`` tiles of ``pixels``, then ``narrow`` smaller ones.

    :ivar rest: output blocks of the last group, if these are fewer than ``blocks``; else 0.
    """

    pixels: int
    blocks: int
    wide: int
    narrow: int
    rest: int

    @property
    def fields(self) -> Fields:
        """See Candidate."""
        return {"pixels": self.pixels, "blocks": self.blocks, "rest": self.rest}

    @property
    def sizes(self) -> Sizes:
        """See Candidate."""
        return {"wide_tiles": self.wide, "narrow_tiles": self.narrow}

    def __str__(self) -> str:
        return f"{self.pixels}x{self.blocks}"


def best_tiles(width: int, most_blocks: int, out_blocks: int, variant: Variant) -> list[Tile]:
    """Return all tiles, those first that need fewest cycles for all blocks, then fewest loads."""

    def cost(tile: Tile) -> tuple[float, float]:
        blocks = groups(tile, out_blocks)
        loads = sum(width + (tile.wide + tile.narrow) * n * variant.vectors for n in blocks)
        return sum(row_cycles(tile, n, variant) for n in blocks), loads

    return sorted(_tiles(width, min(most_blocks, out_blocks), out_blocks, variant), key=cost)


def _tiles(width: int, most_blocks: int, out_blocks: int, variant: Variant) -> Iterator[Tile]:
    """
    Yield the tiles that cut the row evenly and whose operands fit into the registers.

    These are the sums, a weight vector for each block, and the input: one broadcast element, or
    for products with a lane a vector for each pixel.
    """
    for blocks in range(1, most_blocks + 1):
        vectors = blocks * variant.vectors
        if variant.lane_products:
            largest = (variant.registers - vectors) // (vectors + 1)
        else:
            largest = (variant.registers - 1 - vectors) // vectors
        for pixels in range(1, min(largest, width) + 1):
            count = -(-width // pixels)
            narrow = count * pixels - width
            if narrow < count and (pixels > 1 or narrow == 0):
                yield Tile(pixels, blocks, count - narrow, narrow, out_blocks % blocks)


def _tile_cycles(pixels: int, vectors: int, variant: Variant) -> float:
    """
    Return the least cycles in which a tile adds one input channel to its sums.

    With products by lanes, return the instructions: one loads a block of weights, or several
    channels of a pixel.
    """
    if variant.lane_products:
        return pixels * vectors + (pixels + vectors) / variant.lanes
    return max(pixels * vectors / _MULTIPLY_ADDS, (pixels + vectors) / _LOADS, _LATENCY)


def row_cycles(tile: Tile, blocks: int, variant: Variant) -> float:
    """Return the least cycles for a row of tiles, ``blocks`` output blocks high."""
    vectors = blocks * variant.vectors
    narrow = tile.narrow * _tile_cycles(tile.pixels - 1, vectors, variant) if tile.narrow else 0.0
    return tile.wide * _tile_cycles(tile.pixels, vectors, variant) + narrow


def crowding(tile: Tile, variant: Variant) -> float:
    """Return how much of the last quarter of the registers a tile takes: compilers like some."""
    if variant.lane_products:
        return 0.0  # these tiles are listed only if they fit, with all that they need
    vectors = tile.blocks * variant.vectors
    used = tile.pixels * vectors + vectors + 1
    return max(0.0, 4 * used / variant.registers - 3)


def groups(tile: Tile, out_blocks: int) -> Sequence[int]:
    """Return the output blocks of each group that a tile computes."""
    whole, rest = divmod(out_blocks, tile.blocks)
    return [tile.blocks] * whole + [rest] * (rest > 0)


def chunk_blocks(channels: int, lanes: int, kernel: tuple[int, int]) -> int:
    """Return the input blocks of a partial sum of some thousand terms; 0 if the sum is short."""
    terms = kernel[0] * kernel[1] * lanes
    chunk = max(1, SUM_TERMS // terms)
    return chunk if channels >= 2 * chunk * lanes else 0
