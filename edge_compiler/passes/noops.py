"""Remove nodes that change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from edge_compiler.ir.graph import Graph, Node
from edge_compiler.passes.base import bypass, Decision, done, graph_pass, kept


@graph_pass("remove-noops")
def remove_noops(graph: Graph) -> Iterator[Decision]:
    """Remove nodes whose output always equals their input."""
    for node in list(graph.nodes):
        reason = _why_noop(node)
        if reason is None:
            continue
        if bypass(graph, node):
            yield done(node, reason)
        else:
            yield kept(node, f"{reason}, but its input and output are both named by the model")


def _why_noop(node: Node) -> str | None:
    """Return why a node changes nothing; None if it does or may."""
    if not node.inputs or node.inputs[0] is None or len(node.outputs) > 1:
        return None
    same_shape = node.input(0).shape == node.output.shape
    if node.op == "Identity":
        return "it is an identity"
    if node.op == "Dropout" and _is_zero(node, 2):
        return "dropout does nothing when a network only runs"
    if node.op in ("Concat", "Sum", "Max", "Min", "Mean") and len(node.inputs) == 1:
        return f"{node.op} of one tensor is that tensor"
    if node.op in ("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Expand") and same_shape:
        return "the shape stays the same"
    if node.op == "Transpose" and list(node.attributes["perm"]) == sorted(node.attributes["perm"]):
        return "the order of the dimensions stays the same"
    if node.op == "Pad" and same_shape and _is_zero(node, 1):
        return "it pads by nothing"
    if node.op == "Slice" and same_shape and np.all(_steps(node) > 0):
        return "it takes everything"
    if node.op == "Cast" and node.input(0).type == node.output.type:
        return "the data type stays the same"
    if node.op == "Clip" and not any(node.inputs[1:]):
        return "it has no bounds"
    return None


def _is_zero(node: Node, index: int) -> bool:
    """Return whether an input is left out or a constant of zeros."""
    if index >= len(node.inputs) or node.inputs[index] is None:
        return True
    data = node.constant(index)
    return data is not None and not np.any(data)


def _steps(node: Node) -> np.ndarray[Any, Any]:
    """Return the steps of a Slice; 0 where they are computed."""
    if len(node.inputs) < 5 or node.inputs[4] is None:
        return np.ones(1)
    steps = node.constant(4)
    return np.zeros(1) if steps is None else steps
