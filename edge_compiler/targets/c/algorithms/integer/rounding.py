"""How kernels of quantised bytes are told of scales and zero points; see bytes.h."""

from __future__ import annotations

from edge_compiler.ir.graph import Node, Value
from edge_compiler.ir.quantised import limits, zero_point_of

_FLIPPED = 128


def flip(value: Value) -> int:
    """Return what makes a value's bytes unsigned."""
    return _FLIPPED if value.type.name == "int8" else 0


def unsigned_zero(value: Value) -> int:
    """Return the zero point of a value, its bytes being unsigned."""
    return zero_point_of(value) + flip(value)


def rounding(node: Node) -> tuple[int, int, int, int]:
    """Return the ``rounding`` of a node's result."""
    (low, high), zero = limits(node), zero_point_of(node.output)
    return low - zero, high - zero, unsigned_zero(node.output), flip(node.output)


def rounding_text(node: Node) -> str:
    """Return the same as C text, for what is read when a kernel runs."""
    return "{" + ", ".join(map(str, rounding(node))) + "}"
