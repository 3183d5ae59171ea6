"""The rules of all operators: one module for each family, which registers them."""

from edge_compiler.targets.c.rules import conv, elementwise, normalize, pool, resize, shape
from edge_compiler.targets.c.rules.table import RULES

__all__ = ["RULES", "conv", "elementwise", "normalize", "pool", "resize", "shape"]
