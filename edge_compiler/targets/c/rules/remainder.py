"""Mod of floats; that of integers is arithmetic of integers."""

from __future__ import annotations

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.rules.broadcast import add_elementwise, check_broadcast
from edge_compiler.targets.c.rules.table import lowers
from edge_compiler.targets.program.limits import require
from edge_compiler.targets.program.lowering import Lowering


def check_remainder(node: Node) -> str | None:
    """Remainder of two tensors, of the dividend's sign (fmod), with broadcasting."""
    return require(node, "fmod", 1) or check_broadcast(node)


@lowers("Mod", check=check_remainder)
def lower_remainder(low: Lowering, node: Node) -> None:
    """Divide, and keep what is left over: exactly."""
    add_elementwise(low, node, "remainder_run")
