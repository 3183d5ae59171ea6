"""The optimiser."""

from edge_compiler.passes.pipeline import optimise, PASSES

__all__ = ["PASSES", "optimise"]
