"""The rules of all operators: one module for each family, which registers them."""

from edge_compiler.targets.c.rules import (  # noqa: F401 they register
    cast,
    conv,
    conv_transpose,
    elementwise,
    grid_sample,
    indices,
    instance_norm,
    integers,
    logic,
    normalize,
    pad,
    pool,
    product,
    quantise,
    quantised,
    rearrange,
    recurrent,
    reduce,
    remainder,
    resize,
    roi_align,
    select,
    shape,
)
from edge_compiler.targets.c.rules.table import entry_of, RULES

__all__ = ["RULES", "entry_of"]
