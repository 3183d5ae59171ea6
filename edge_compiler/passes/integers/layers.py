"""Convolutions and products with a constant matrix in integers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.ir.quantised import Array
from edge_compiler.passes.integers.operands import (
    bias_of,
    check_sums,
    data_of,
    NotInIntegersError,
    weights_of,
)
from edge_compiler.passes.integers.place import Place, Rule


def _convolution(place: Place) -> list[Node]:
    """Convolve."""
    x, weights = place.source(0), weights_of(place.graph, place.node.input(1), 0)
    return [_layer(place, "QConv", x, weights, data_of(weights))]


def _product(place: Place) -> list[Node]:
    """Multiply by a constant matrix."""
    x, weights = place.source(0), _matrix(place.graph, place.node)
    return [_layer(place, "QMatMul", x, weights, np.transpose(data_of(weights)))]


def _layer(place: Place, op: str, x: Value, weights: Value, rows: Array) -> Node:
    """
    Return the operator of a layer.

    :param rows: the weights of each output.
    :raises NotInIntegersError: if its sums may not fit into 32 bits.
    """
    inputs = place.node.inputs
    bias = bias_of(place.graph, inputs[2] if len(inputs) > 2 else None, x, weights, len(rows))
    check_sums(rows, data_of(bias))
    return place.made(op, [x, weights, bias])


def _matrix(graph: Graph, node: Node) -> Value:
    """Return the weights of a product as a matrix of (in, out)."""
    a, right = node.attributes, node.input(1)
    if len(right.shape) != 2:
        raise NotInIntegersError(f"'{right.name}' is not one matrix")
    if a.get("transA") or a.get("alpha", 1.0) != 1 or a.get("beta", 1.0) != 1:
        raise NotInIntegersError("it does more than to multiply and add")
    turned = bool(a.get("transB"))
    weights = weights_of(graph, right, 0 if turned else 1)
    if turned:
        weights.constant, weights.shape = data_of(weights).T, weights.shape[::-1]
    return weights


RULES: Mapping[str, Rule] = {"Conv": _convolution, "Gemm": _product, "MatMul": _product}
