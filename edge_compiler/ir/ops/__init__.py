"""
The operator table: what the compiler knows of each operator, whatever the target is.

An entry is a function that says why a node of that operator can't be compiled (None if it can);
its docstring describes the operator. Decorate one with ``@op`` to add an operator.
"""

from __future__ import annotations

import numpy as np

from edge_compiler.ir.graph import Node
from edge_compiler.ir.ops import elementwise, images, layers, moves  # noqa: F401 they register
from edge_compiler.ir.ops.activations import activation_of
from edge_compiler.ir.ops.table import Operator, OPERATORS

__all__ = ["OPERATORS", "Operator", "activation_of", "fuses_activation", "macs", "refusal"]


def refusal(node: Node) -> str | None:
    """Return why no target can run a node, in one clause; None if the compiler knows it."""
    operator = OPERATORS.get(node.op)
    if operator is None:
        return f"the operator {node.op} is not supported"
    for value in (*node.inputs[:1], *node.outputs[:1]):
        if value is not None and value.dtype != np.float32:
            return f"'{value.name}' is {value.dtype}, only float32 is supported"
    if reason := operator.check(node):
        return reason
    if len(node.outputs) > 1 and node.op != "Split":
        return f"the second output '{node.outputs[1].name}' is not supported"
    return None


def macs(node: Node) -> int:
    """Return how many multiply-accumulates a node costs; 0 where they don't matter."""
    operator = OPERATORS.get(node.op)
    return operator.macs(node) if operator else 0


def fuses_activation(node: Node) -> bool:
    """Return whether a node can apply an activation to its result."""
    return node.op in OPERATORS and OPERATORS[node.op].fuses_activation
