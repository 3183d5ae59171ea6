"""How kernels of quantised bytes are told of scales and zero points; see bytes.h."""

from __future__ import annotations

import math

import numpy as np

from edge_compiler.ir.graph import Node, Value
from edge_compiler.ir.quantised import limits, multipliers, zero_point_of

_FLIPPED = 128
_ROUNDED = 2**30
"""Numbers below it can be rounded, and a zero point added, without limits."""


def flip(value: Value) -> int:
    """Return what makes a value's bytes unsigned."""
    return _FLIPPED if value.type.name == "int8" else 0


def unsigned_zero(value: Value) -> int:
    """Return the zero point of a value, its bytes being unsigned."""
    return zero_point_of(value) + flip(value)


def rounding(node: Node, largest: float = math.inf) -> tuple[int, int, int, int, int]:
    """
    Return the ``rounding`` of a node's result.

    :param largest: sum that may be multiplied and rounded.
    """
    (low, high), zero = limits(node), zero_point_of(node.output)
    info = np.iinfo(node.output.type.numpy)
    whole = (low, high) == (info.min, info.max)
    free = int(whole and largest * float(multipliers(node).max()) < _ROUNDED)
    return low - zero, high - zero, unsigned_zero(node.output), flip(node.output), free


def rounding_text(node: Node, largest: float) -> str:
    """Return the same as C text, for what is read when a kernel runs."""
    return "{" + ", ".join(map(str, rounding(node, largest))) + "}"
