"""Constants as C text."""

from __future__ import annotations

from collections.abc import Mapping
import math

from edge_compiler.ir.graph import Activation
from edge_compiler.ops.activations import FUNCTIONS
from edge_compiler.targets.program.calls import Field


def c_value(value: Field) -> str:
    """Return a constant as C text."""
    if isinstance(value, Activation):
        a, b = map(c_float, value.pair)
        return f"{{{FUNCTIONS[value.op].enumerator}, {a}, {b}}}"
    if isinstance(value, tuple):
        return "{" + ", ".join(map(str, value)) + "}"
    return c_float(value) if isinstance(value, float) else str(value)


def c_float(value: float) -> str:
    """Return a float literal that reads back as the same number."""
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    return f"{float(value)!r}f"


def struct(values: Mapping[str, str]) -> str:
    """Return the initialiser of a struct, given the texts of its members."""
    return f"{{{', '.join(f'.{name} = {value}' for name, value in values.items())}}}"
