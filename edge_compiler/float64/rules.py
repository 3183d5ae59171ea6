"""
The rules of all operators: values in float64, sizes of their terms and depths.

An operator without a rule is computed by ONNX's reference, with a size that proves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_compiler.float64 import (  # noqa: F401 they register
    arithmetic,
    functions,
    integers,
    recurrent,
    windows,
)
from edge_compiler.float64.exact import Exact
from edge_compiler.float64.table import Call, reference, RULES
from edge_compiler.ir.graph import Node

__all__ = ["RULES", "apply"]


def apply(node: Node, inputs: Sequence[Exact | None], coarse: bool) -> list[Exact]:
    """Return the outputs of a node."""
    call = Call(node, tuple(inputs), coarse)
    with np.errstate(all="ignore"):  # infinities may be meant
        if node.op in RULES:
            return [
                x if x.value.dtype.kind == "f" else Exact.of(x.value) for x in RULES[node.op](call)
            ]
        values = reference(node, [None if x is None else x.value for x in inputs])
        return [Exact(value, np.full(value.shape, np.nan)) for value in values]
