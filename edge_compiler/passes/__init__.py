"""The optimiser."""

from edge_compiler.passes.pipeline import PASSES, optimise

__all__ = ["PASSES", "optimise"]
