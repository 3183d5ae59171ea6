"""The exact arithmetic of quantised operators, in numpy: the truth of their proof."""

from edge_compiler.integers.network import Integers

__all__ = ["Integers"]
