"""The tiles and chunks that are worth considering for Winograd's convolution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from edge_compiler.targets.c.algorithms.tiles import best_tiles, groups, Tile
from edge_compiler.targets.c.algorithms.winograd import cost
from edge_compiler.targets.c.algorithms.winograd.cost import (
    prepares_pairs,
    transformed_weights,
    transforms_when_run,
    winograd_tiles,
)
from edge_compiler.targets.c.choice import Counts, Fields, Problem, Scheme, Sizes
from edge_compiler.targets.program.layout import BLOCK
from edge_compiler.targets.program.variants import Variant

WINOGRAD_BLOCKS = 4
"""Output blocks of a tile: their products share the cache with the transformed input."""
_TILES = 2
_LEAST_CHUNK = 8


@dataclass(frozen=True)
class Winograd:
    """The kernel of winograd.h: results of a tile, tiles of a chunk, tile of the products."""

    m: int
    chunk: int
    tile: Tile

    @property
    def scheme(self) -> Scheme:
        """See Candidate."""
        return Scheme("winograd", (self.m, self.chunk))

    @property
    def fields(self) -> Fields:
        """See Candidate."""
        return self.tile.fields

    @property
    def sizes(self) -> Sizes:
        """See Candidate."""
        return self.tile.sizes

    def family(self, problem: Problem) -> str:
        """See Candidate."""
        return f"winograd{self.m}"

    def counts(self, problem: Problem, variant: Variant) -> Counts:
        """See Candidate."""
        return cost.counts(problem, self.m, self.chunk, self.tile, variant)

    def pieces(self, problem: Problem) -> int:
        """See Candidate."""
        chunks = -(-winograd_tiles(problem, self.m) // self.chunk)
        return len(groups(self.tile, problem.out_blocks)) * chunks

    def kept_weights(self, problem: Problem) -> int:
        """See Candidate."""
        if transforms_when_run(problem, self.m):
            return 0
        return transformed_weights(problem, self.m)

    def __str__(self) -> str:
        return f"F({self.m}x{self.m}, 3x3), chunks of {self.chunk}, tile {self.tile}"


def suits_winograd(problem: Problem) -> bool:
    """Return whether winograd.h can compute it."""
    return (
        problem.kind == "dense"
        and problem.lanes == BLOCK
        and problem.channels >= BLOCK
        and problem.kernel == (3, 3)
        and problem.stride == problem.dilation == problem.step == (1, 1)
    )


def winograd_candidates(problem: Problem, variant: Variant) -> Iterator[Winograd]:
    """Yield the best tiles of the products for each size of tile and chunk."""
    for m, chunk in _chunks(problem, variant):
        # weights that are transformed when they are used fill the cache with one block
        raw = transforms_when_run(problem, m) and not (
            variant.pairs and prepares_pairs(problem, m)
        )
        most_blocks = 1 if raw else WINOGRAD_BLOCKS
        for tile in best_tiles(chunk, most_blocks, problem.out_blocks, variant)[:_TILES]:
            yield Winograd(m, chunk, tile)


def half_winograd(problem: Problem, m: int, chunk: int, variant: Variant) -> Winograd:
    """Return the kernel whose products are added up in float16: sums take registers twice."""
    room = replace(variant, registers=variant.pair_registers)
    return Winograd(m, chunk, best_tiles(chunk, WINOGRAD_BLOCKS, problem.out_blocks, room)[0])


def _chunks(problem: Problem, variant: Variant) -> Iterator[tuple[int, int]]:
    """Yield sizes of tiles and chunks worth considering; all chunks of a layer are alike."""
    for m in (2, 4):
        tiles, size = winograd_tiles(problem, m), _tile_floats(problem, m)
        if transforms_when_run(problem, m):
            yield m, tiles
            continue
        counts = {-(-tiles // max(_LEAST_CHUNK, n // size)) for n in variant.chunk_floats}
        for several in (2, 4):  # threads share some multiple of these evenly
            counts |= {-(-count // several) * several for count in counts if count > 1}
        yield from ((m, chunk) for chunk in sorted({-(-tiles // n) for n in counts}))


def _tile_floats(problem: Problem, m: int) -> int:
    """Return the floats of a tile's points: of its input and of the products."""
    return (m + 2) ** 2 * BLOCK * (-(-problem.channels // BLOCK) + WINOGRAD_BLOCKS)
