"""Comparisons, operations on bools, and the choice between two tensors."""

from __future__ import annotations

from edge_compiler.ir.dtype import c_type
from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.rules.broadcast import add_elementwise, check_broadcast
from edge_compiler.targets.c.rules.table import lowers, NUMBERS
from edge_compiler.targets.program.limits import require_type
from edge_compiler.targets.program.lowering import Lowering
from edge_perception.runtime.dtypes import BOOL

_COMPARISONS = {
    "Greater": "IS_GREATER",
    "GreaterOrEqual": "IS_GREATER_OR_EQUAL",
    "Less": "IS_LESS",
    "LessOrEqual": "IS_LESS_OR_EQUAL",
}
_OPERATIONS = {"And": "LOGIC_AND", "Or": "LOGIC_OR", "Xor": "LOGIC_XOR"}


def check_comparison(node: Node) -> str | None:
    """Comparison of two tensors, element by element, with broadcasting."""
    return check_broadcast(node)


@lowers("Equal", check=check_comparison, types=(*NUMBERS, BOOL))
def lower_equal(low: Lowering, node: Node) -> None:
    """Compare two tensors."""
    add_elementwise(low, node, f"logic_compare_{c_type(node.input(0).type)}", "IS_EQUAL")


@lowers(*_COMPARISONS, check=check_comparison, types=NUMBERS)
def lower_comparison(low: Lowering, node: Node) -> None:
    """Compare two tensors."""
    kernel = f"logic_compare_{c_type(node.input(0).type)}"
    add_elementwise(low, node, kernel, _COMPARISONS[node.op])


def check_logic(node: Node) -> str | None:
    """Operation on two tensors of bools, with broadcasting."""
    return check_broadcast(node)


@lowers(*_OPERATIONS, check=check_logic, types=(BOOL,))
def lower_logic(low: Lowering, node: Node) -> None:
    """Combine two tensors of bools."""
    add_elementwise(low, node, "logic_run", _OPERATIONS[node.op])


@lowers("Not", types=(BOOL,))
def lower_not(low: Lowering, node: Node) -> None:
    """Negate bools."""
    add_elementwise(low, node, "logic_not_run")


@lowers("IsNaN")
def lower_is_nan(low: Lowering, node: Node) -> None:
    """Look for NaN."""
    add_elementwise(low, node, "logic_is_nan")


@lowers("IsInf")
def lower_is_infinite(low: Lowering, node: Node) -> None:
    """Look for infinities of one sign or both."""
    a = node.attributes
    signs = 1 * a["detect_positive"] + 2 * a["detect_negative"]
    add_elementwise(low, node, "logic_is_infinite", str(signs))


def check_where(node: Node) -> str | None:
    """Take each element from one tensor or the other, with broadcasting."""
    return require_type(node.output, (*NUMBERS, BOOL)) or check_broadcast(node)


@lowers("Where", check=check_where, types=(BOOL,))
def lower_where(low: Lowering, node: Node) -> None:
    """Choose between two tensors."""
    add_elementwise(low, node, f"logic_where_{c_type(node.output.type)}")
