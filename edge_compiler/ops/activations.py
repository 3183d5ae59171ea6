"""Nodes that are functions of one number."""

from __future__ import annotations

import numpy as np

from edge_compiler.ir.graph import Activation, Node
from edge_compiler.ops.table import define

_LARGEST = float(np.finfo(np.float32).max)  # ONNX's bounds, where none is given: infinity is cut


def activation_of(node: Node) -> Activation | None:
    """Return the function of one number that a node is; None if it is something else."""
    if node.op == "Clip":
        low, high = (_bound(node, 1, -_LARGEST), _bound(node, 2, _LARGEST))
        return None if low is None or high is None else Activation("Clip", low, high)
    if node.op == "LeakyRelu":
        return Activation("LeakyRelu", node.attributes["alpha"])
    if node.op == "HardSigmoid":
        return Activation("HardSigmoid", node.attributes["alpha"], node.attributes["beta"])
    if node.op in ("Relu", "Sigmoid", "Tanh", "HardSwish", "SiLU"):
        return Activation(node.op)
    return None


def _bound(node: Node, index: int, default: float) -> float | None:
    """Return a bound of Clip; None if it is computed."""
    if index >= len(node.inputs) or node.inputs[index] is None:
        return default
    data = node.constant(index)
    return None if data is None else float(data.item())


define(
    *("Relu", "LeakyRelu", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish"),
    summary="Activation function; applied inside the node before it where possible.",
)
define("SiLU", summary="Activation x * Sigmoid(x); internal, made from these two.")
define("Clip", summary="Limit to bounds (ReLU6).")
