"""One module for each family of operators; importing them fills ``lowering.RULES``."""

from edge_compiler.targets.c.rules import conv, elementwise, normalize, pool, resize, shape

__all__ = ["conv", "elementwise", "normalize", "pool", "resize", "shape"]
