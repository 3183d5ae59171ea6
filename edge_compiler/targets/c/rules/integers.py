"""Arithmetic of integers, element by element."""

from __future__ import annotations

import numpy as np

from edge_compiler.ir.dtype import c_type
from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.rules.broadcast import add_elementwise, check_broadcast
from edge_compiler.targets.c.rules.table import INTEGERS, lowers
from edge_compiler.targets.program.lowering import Lowering

_SIGNED = tuple(type_ for type_ in INTEGERS if type_.name.startswith("int"))
_UNSIGNED = tuple(type_ for type_ in INTEGERS if type_ not in _SIGNED)
_OPERATIONS = {
    "Add": "INTEGER_ADD",
    "Sub": "INTEGER_SUB",
    "Mul": "INTEGER_MUL",
    "Div": "INTEGER_DIV",
    "Max": "INTEGER_MAX",
    "Min": "INTEGER_MIN",
    "Mod": "INTEGER_MOD",
    "BitwiseAnd": "INTEGER_AND",
    "BitwiseOr": "INTEGER_OR",
    "BitwiseXor": "INTEGER_XOR",
}
_SHIFTS = {"LEFT": "INTEGER_LEFT", "RIGHT": "INTEGER_RIGHT"}
_FUNCTIONS = {"Neg": "INTEGER_NEG", "Abs": "INTEGER_ABS"}


def check_arithmetic(node: Node) -> str | None:
    """Arithmetic of two tensors of integers, with broadcasting."""
    if len(node.inputs) != 2:
        return f"{node.op} of {len(node.inputs)} tensors of integers: export it two by two"
    divisor = node.constant(1)
    if node.op in ("Div", "Mod") and divisor is not None and not np.all(divisor):
        return "integers can't be divided by zero: export it with another divisor"
    return check_broadcast(node)


@lowers(*_OPERATIONS, check=check_arithmetic, types=INTEGERS)
def lower_arithmetic(low: Lowering, node: Node) -> None:
    """Combine two tensors."""
    operation = "INTEGER_REST" if node.attributes.get("fmod") else _OPERATIONS[node.op]
    add_elementwise(low, node, f"integer_{c_type(node.output.type)}", operation)


@lowers("BitShift", check=check_arithmetic, types=_UNSIGNED)
def lower_shift(low: Lowering, node: Node) -> None:
    """Shift bits; those of what is shifted by more than there are become zero."""
    operation = _SHIFTS[node.attributes["direction"]]
    add_elementwise(low, node, f"integer_{c_type(node.output.type)}", operation)


@lowers(*_FUNCTIONS, types=_SIGNED)
def lower_function(low: Lowering, node: Node) -> None:
    """Apply a function of one integer."""
    kernel = f"integer_function_{c_type(node.output.type)}"
    add_elementwise(low, node, kernel, _FUNCTIONS[node.op])
