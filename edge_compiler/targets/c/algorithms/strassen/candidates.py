"""The tiles that are worth considering for Strassen's method."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge_compiler.targets.c.algorithms.strassen import cost
from edge_compiler.targets.c.algorithms.tiles import best_tiles, groups, SUM_TERMS, Tile
from edge_compiler.targets.c.choice import Counts, Fields, Problem, Scheme, Sizes
from edge_compiler.targets.program.layout import BLOCK
from edge_compiler.targets.program.variants import Variant

STRASSEN = Scheme("strassen")
STRIP_BYTES = 128 << 10
"""What a strip of tiles is packed to: it shares a second-level cache with the weights."""
_MOST_BLOCKS, _TILES = 6, 3
_LEAST_CHANNELS, _LEAST_BLOCKS, _LEAST_PIXELS = 64, 4, 64
"""Sums of fewer cost what the product saves."""
_PIECES = 8


@dataclass(frozen=True)
class Strassen:
    """
    The kernel of strassen.h.

    :ivar strips: into which tiles are divided; each is packed once for each split.
    :ivar splits: pieces of work that divide the groups of output blocks.
    """

    tile: Tile
    strips: int
    splits: int

    @property
    def scheme(self) -> Scheme:
        """See Candidate."""
        return STRASSEN

    @property
    def fields(self) -> Fields:
        """See Candidate."""
        return self.tile.fields

    @property
    def sizes(self) -> Sizes:
        """See Candidate."""
        return {**self.tile.sizes, "strips": self.strips, "splits": self.splits}

    def family(self, problem: Problem) -> str:
        """See Candidate."""
        return "strassen"

    def counts(self, problem: Problem, variant: Variant) -> Counts:
        """See Candidate."""
        return cost.counts(problem, self.tile, self.strips, self.splits, variant)

    def pieces(self, problem: Problem) -> int:
        """See Candidate."""
        return self.strips * self.splits

    def kept_weights(self, problem: Problem) -> int:
        """See Candidate."""
        packed = cost.packed_weights(problem.channels, problem.out_blocks)
        return packed - problem.channels * problem.out_blocks * BLOCK  # which leave the memory

    def __str__(self) -> str:
        return f"tile {self.tile}, {self.strips} strips, {self.splits} splits"


def suits_strassen(problem: Problem) -> bool:
    """Return whether strassen.h can compute it, and may gain something."""
    return (
        problem.kind == "dense"
        and problem.lanes == BLOCK
        and problem.kernel == problem.step == (1, 1)
        and problem.channels % (2 * BLOCK) == problem.out_blocks % 2 == 0
        and _LEAST_CHANNELS <= problem.channels <= SUM_TERMS
        and problem.out_blocks >= _LEAST_BLOCKS
        and problem.height * problem.width >= _LEAST_PIXELS
    )


def strassen_candidates(problem: Problem, variant: Variant) -> Iterator[Strassen]:
    """Yield the best tiles of which a strip has room for one."""
    if variant.counted:  # no instructions were counted yet
        return
    half, blocks = cost.half_pixels(problem), problem.out_blocks // 2
    tiles = best_tiles(half, _MOST_BLOCKS, blocks, variant)
    rooms = ((tile, STRIP_BYTES // _packed_bytes(problem, tile)) for tile in tiles)
    for tile, room in [(tile, room) for tile, room in rooms if room][:_TILES]:
        count = tile.wide + tile.narrow
        strips = min(count, -(-count // room // 4) * 4)  # which threads share evenly
        splits = min(len(groups(tile, blocks)), -(-_PIECES // strips))
        yield Strassen(tile, strips, splits)


def _packed_bytes(problem: Problem, tile: Tile) -> int:
    """Return the bytes of what a tile multiplies."""
    return cost.PRODUCTS * problem.channels // 2 * tile.pixels * 4
