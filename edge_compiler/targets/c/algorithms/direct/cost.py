"""What direct convolution costs depends on these counts."""

from __future__ import annotations

from edge_compiler.targets.c.algorithms.tiles import crowding, groups, row_cycles, Tile
from edge_compiler.targets.c.choice import Counts, Problem
from edge_compiler.targets.program.layout import BLOCK
from edge_compiler.targets.program.variants import Variant


def family(problem: Problem) -> str:
    """Return the name of the constants that hold for a problem."""
    if problem.lanes == 1:
        return "direct on planes"
    return "direct" if problem.height * problem.width > 1 else "direct on one pixel"


def counts(problem: Problem, tile: Tile, variant: Variant, *, channels_outer: bool) -> Counts:
    """Return the counts of a tile, with one block's weights in all rows or all blocks in a row."""
    blocks = groups(tile, problem.out_blocks)
    cycles = sum(row_cycles(tile, n, variant) for n in blocks) * problem.height * problem.terms
    number, vectors = len(blocks), problem.out_blocks * variant.vectors
    results = problem.height * problem.width * vectors
    tiles = problem.height * (tile.wide + tile.narrow) * number
    weights = problem.terms * problem.out_blocks * BLOCK
    inputs = problem.height * problem.width * problem.terms
    return {
        "cycles": cycles,
        "crowded cycles": cycles * crowding(tile, variant),
        "stored vectors": results,
        "tiles": tiles,
        "steps of tiles": tiles * problem.terms,
        "added vectors": results * problem.residual,
        "weights": weights,
        "weights side by side": weights * (tile.blocks - 1),
        "weights read again": 0.0 if channels_outer else weights * (rows(problem, tile) - 1),
        "input read again": inputs * (number - 1) if channels_outer else 0.0,
        "runs": 1.0,
    }


def rows(problem: Problem, tile: Tile) -> int:
    """Return the rows that are worked on one by one; those of a single one are its tiles."""
    return problem.height if problem.height > 1 else tile.wide + tile.narrow
