"""The rules of all operators: one module for each family, which registers them."""

from edge_compiler.targets.c.lowering import RULES
from edge_compiler.targets.c.rules import conv, elementwise, normalize, pool, resize, shape

__all__ = ["RULES", "conv", "elementwise", "normalize", "pool", "resize", "shape"]
