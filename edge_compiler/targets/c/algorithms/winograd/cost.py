"""What Winograd's convolution costs depends on these counts."""

from __future__ import annotations

from edge_compiler.targets.c.algorithms.tiles import crowding, groups, row_cycles, Tile
from edge_compiler.targets.c.choice import Counts, Problem
from edge_compiler.targets.program.layout import BLOCK
from edge_compiler.targets.program.variants import Variant

_CACHED_WEIGHTS = 1 << 20
"""So many floats may be in a cache when a layer runs again."""
_PREPARED_PAIRS = 3 << 20
"""So many transformed weights are read in time from a cache that others share, as pairs."""


def counts(problem: Problem, m: int, chunk: int, tile: Tile, variant: Variant) -> Counts:
    """Return the counts of tiles of m x m results, ``chunk`` of them together."""
    points, tiles = (m + 2) ** 2, winograd_tiles(problem, m)
    chunks = -(-tiles // chunk)
    padded, in_blocks = chunks * chunk, -(-problem.channels // BLOCK)
    blocks = groups(tile, problem.out_blocks)
    cycles = sum(row_cycles(tile, n, variant) for n in blocks) * points * chunks * problem.channels
    weights = transformed_weights(problem, m)
    return {
        "cycles": cycles,
        "crowded cycles": cycles * crowding(tile, variant),
        "tiles": (tile.wide + tile.narrow) * len(blocks) * points * chunks,
        "patches": padded * in_blocks * variant.vectors,
        "results": tiles * problem.out_blocks * variant.vectors,
        "weights": weights,
        "weights read again": weights * (chunks - 1),
        "transformed input": points * padded * problem.channels * len(blocks),
        "runs": 1.0,
    }


def winograd_tiles(problem: Problem, m: int) -> int:
    """Return the tiles of m x m results that cover the image."""
    return -(-problem.height // m) * -(-problem.width // m)


def transformed_weights(problem: Problem, m: int) -> int:
    """Return the floats of all weights once they are transformed."""
    return (m + 2) ** 2 * problem.channels * problem.out_blocks * BLOCK


def transforms_when_run(problem: Problem, m: int) -> bool:
    """
    Return whether weights are not transformed at create, but each time before they are used.

    So are those that are too many to stay in a cache till the next run, once transformed. Then all
    tiles are one chunk: the points of the input are read again for each block of results, which
    are fewer bytes than its transformed weights once for every sixteen tiles.
    """
    return transformed_weights(problem, m) >= _CACHED_WEIGHTS


def prepares_pairs(problem: Problem, m: int) -> bool:
    """
    Return whether the points of weights are made at create where they are pairs of bfloat16.

    To transform weights when they are used takes longer than products of pairs do: where they are
    more, the direct way with such products is faster.
    """
    return transformed_weights(problem, m) <= _PREPARED_PAIRS
