"""What depthwise convolution costs depends on these counts."""

from __future__ import annotations

from edge_compiler.targets.c.choice import Counts, Problem
from edge_compiler.targets.program.variants import Variant


def counts(problem: Problem, pixels: int, variant: Variant) -> Counts:
    """Return the counts of a tile of ``pixels``."""
    rows = problem.height * problem.out_blocks * variant.vectors
    tiles = -(-problem.width // pixels)
    return {
        "cycles": rows * problem.width * problem.terms,
        "weights": rows * tiles * problem.terms,
        "stored vectors": rows * problem.width,
        "tiles": rows * tiles,
        "runs": 1.0,
    }
