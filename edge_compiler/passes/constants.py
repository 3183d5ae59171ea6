"""Compute before the robot runs what doesn't depend on the input."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from edge_compiler.errors import CompileError
from edge_compiler.ir.evaluate import RANDOM, check_finite, evaluate
from edge_compiler.ir.export import node_proto
from edge_compiler.ir.graph import Graph, Node
from edge_compiler.passes.base import Decision, done, graph_pass, kept


@graph_pass("fold-constants")
def fold_constants(graph: Graph) -> Iterator[Decision]:
    """Replace nodes whose inputs are all known by their results."""
    remaining = []
    for node in graph.nodes:
        if not _is_known(node):
            remaining.append(node)
            continue
        try:
            results = _compute(node)
        except Exception as error:  # of the reference implementation, which raises all kinds
            remaining.append(node)
            yield kept(node, f"{node.op} of constants could not be computed: {error}")
            continue
        for value, array in zip(node.outputs, results, strict=False):
            check_finite(value.name, array)
            if value in graph.outputs:
                raise CompileError(
                    f"the output '{value.name}' doesn't depend on any input of the model: "
                    "remove it from the outputs, it is a constant"
                )
            value.constant = array.astype(value.dtype, copy=False).reshape(value.shape)
        yield done(node, f"{node.op} of constants is computed by the compiler")
    graph.nodes[:] = remaining


def _is_known(node: Node) -> bool:
    if node.op == "Shape":
        return True
    constant = all(value is None or value.constant is not None for value in node.inputs)
    return constant and node.op not in RANDOM


def _compute(node: Node) -> list[np.ndarray[Any, Any]]:
    if node.op == "Shape":  # only the shape of the input matters: stand in for it without memory
        inputs: list[np.ndarray[Any, Any] | None] = [
            np.broadcast_to(np.float32(0), node.input(0).shape)
        ]
    else:
        inputs = [None if value is None else value.constant for value in node.inputs]
    return evaluate(node_proto(node), inputs)
