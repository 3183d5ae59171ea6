"""The tiles and orders of work that are worth considering for direct convolution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge_compiler.targets.c.algorithms.direct import cost
from edge_compiler.targets.c.algorithms.tiles import best_tiles, groups, Tile
from edge_compiler.targets.c.choice import Counts, Fields, Problem, Scheme, Sizes
from edge_compiler.targets.program.variants import Variant

_MOST_BLOCKS = 8
"""Output blocks of a tile: more leave few registers for pixels."""
_TILES = 6
DIRECT = Scheme("direct")


@dataclass(frozen=True)
class Direct:
    """The kernel of conv.h; ``order`` is its conv_order."""

    tile: Tile
    order: str

    @property
    def scheme(self) -> Scheme:
        """See Candidate."""
        return DIRECT

    @property
    def fields(self) -> Fields:
        """See Candidate."""
        return self.tile.fields

    @property
    def sizes(self) -> Sizes:
        """See Candidate."""
        return {**self.tile.sizes, "order": self.order}

    def family(self, problem: Problem) -> str:
        """See Candidate."""
        return cost.family(problem)

    def counts(self, problem: Problem, variant: Variant) -> Counts:
        """See Candidate."""
        outer = self.order == "CHANNELS_OUTER"
        return cost.counts(problem, self.tile, variant, channels_outer=outer)

    def pieces(self, problem: Problem) -> int:
        """See Candidate."""
        return len(groups(self.tile, problem.out_blocks)) * cost.rows(problem, self.tile)

    def kept_weights(self, problem: Problem) -> int:
        """See Candidate."""
        return 0

    def __str__(self) -> str:
        return f"tile {self.tile}, {self.order.lower().replace('_', ' ')}"


def suits_direct(problem: Problem) -> bool:
    """Return whether conv.h can compute it."""
    return problem.kind != "depthwise"


def direct_candidates(problem: Problem, variant: Variant) -> Iterator[Direct]:
    """Yield the best tiles with each order in which they can work."""
    # blocks of a tile read the same input, which blocks of a grouped convolution do not, and write
    # at equal distances, which only those of one row of a window do
    most = {"grouped": 1, "spread": problem.step[1]}.get(problem.kind, problem.out_blocks)
    tiles = best_tiles(problem.width, min(_MOST_BLOCKS, most), problem.out_blocks, variant)
    if problem.kind == "spread":
        tiles = [tile for tile in tiles if most % tile.blocks == 0]
    for tile in tiles[:_TILES]:
        several = cost.rows(problem, tile) > 1 and tile.blocks < problem.out_blocks
        for order in ("ROWS_OUTER", "CHANNELS_OUTER") if several else ("CHANNELS_OUTER",):
            yield Direct(tile, order)
