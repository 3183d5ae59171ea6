"""
The operator table: what ONNX says of each operator, whatever the target is.

What a target makes of it, with its limits, is the target's affair.
"""

from __future__ import annotations

import importlib
import pkgutil

from edge_compiler.ir.graph import Node
from edge_compiler.ops.activations import activation_of
from edge_compiler.ops.layers import has_constant_weights
from edge_compiler.ops.table import Operator, OPERATORS
from edge_perception.runtime.dtypes import FLOAT32

__all__ = [
    "OPERATORS",
    "Operator",
    "activation_of",
    "fault",
    "fuses_activation",
    "has_constant_weights",
    "is_variadic",
    "macs",
    "outputs",
]

for _module in pkgutil.iter_modules(__path__):  # each defines operators
    importlib.import_module(f"{__name__}.{_module.name}")


def fault(node: Node) -> str | None:
    """Return why it is not clear what a node computes, in one clause; None if it is."""
    operator = OPERATORS.get(node.op)
    return operator.fault(node) if operator else f"the operator {node.op} is not supported"


def outputs(node: Node) -> int:
    """Return how many of a node's outputs can be computed."""
    operator = OPERATORS[node.op]
    return len(node.outputs) if operator.variadic else operator.outputs


def is_variadic(node: Node) -> bool:
    """Return whether none of a node's outputs can be left out, read or not."""
    return node.op in OPERATORS and OPERATORS[node.op].variadic


def macs(node: Node) -> int:
    """Return how many multiply-accumulates a node costs; 0 where they don't matter."""
    operator = OPERATORS.get(node.op)
    return operator.macs(node) if operator else 0


def fuses_activation(node: Node) -> bool:
    """Return whether a node can apply an activation to its result."""
    able = node.op in OPERATORS and OPERATORS[node.op].fuses_activation
    return able and node.output.type == FLOAT32
