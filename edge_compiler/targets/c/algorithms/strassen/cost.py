"""What Strassen's method costs depends on these counts."""

from __future__ import annotations

from edge_compiler.targets.c.algorithms.tiles import crowding, groups, row_cycles, Tile
from edge_compiler.targets.c.choice import Counts, Problem
from edge_compiler.targets.program.layout import BLOCK
from edge_compiler.targets.program.variants import Variant

PRODUCTS = 7
"""STRASSEN_PRODUCTS of strassen.h."""


def counts(problem: Problem, tile: Tile, strips: int, splits: int, variant: Variant) -> Counts:
    """Return the counts of tiles that are half of the pixels, and of strips of them."""
    blocks = groups(tile, problem.out_blocks // 2)
    terms = PRODUCTS * problem.channels // 2
    cycles = sum(row_cycles(tile, n, variant) for n in blocks) * terms
    packed = half_pixels(problem) * problem.channels // 2 // BLOCK * variant.vectors
    results = half_pixels(problem) * 2 * problem.out_blocks * variant.vectors
    weights = packed_weights(problem.channels, problem.out_blocks)
    return {
        "cycles": cycles,
        "crowded cycles": cycles * crowding(tile, variant),
        "stored vectors": results,
        "steps of tiles": (tile.wide + tile.narrow) * len(blocks) * terms,
        "packed vectors": packed * splits,
        "added vectors": results * problem.residual,
        "weights": weights,
        "weights side by side": weights * (tile.blocks - 1),
        "weights read again": weights * (strips - 1),
        "runs": 1.0,
    }


def half_pixels(problem: Problem) -> int:
    """Return half of the pixels; of an odd number both halves have the one in the middle."""
    return -(-problem.height * problem.width // 2)


def packed_weights(channels: int, out_blocks: int) -> int:
    """Return the floats of what the products multiply of the weights."""
    return PRODUCTS * channels * out_blocks * BLOCK // 4
