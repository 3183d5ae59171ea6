"""
Channels between two layers brought to like ranges, without changing what the network computes.

Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019, with
powers of two for factors: no digit of a float32 changes by them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from edge_compiler.ir.graph import Graph, Node

Array = np.ndarray[Any, Any]

_HOMOGENEOUS = ("AveragePool", "GlobalAveragePool", "LeakyRelu", "MaxPool", "Relu")
"""What multiplies its result by s > 0 if its input is: f(s x) = s f(x)."""
_ROUNDS = 20
"""Over all pairs; a layer in two of them is scaled again."""


def equalise(graph: Graph) -> list[str]:
    """
    Scale channels so that they have as large weights where they are made as where they are read.

    :param graph: of floats; its constants are replaced.
    :returns: the names of the layers whose weights are others now.
    """
    changed: dict[str, None] = {}
    pairs = list(_pairs(graph))
    for _ in range(_ROUNDS):
        scaled = [pair for pair in pairs if _equalise_pair(*pair)]
        if not scaled:
            break
        changed |= dict.fromkeys(layer.name for pair in scaled for layer in pair)
    return list(changed)


def _pairs(graph: Graph) -> Iterator[tuple[Node, Node]]:
    """Yield convolutions of which the second alone reads what the first computes."""
    for first in graph.nodes:
        reader = graph.sole_consumer(first.output) if _is_scalable(graph, first) else None
        while reader is not None and reader.op in _HOMOGENEOUS:
            reader = graph.sole_consumer(reader.output) if len(reader.outputs) == 1 else None
        if reader is not None and _is_scalable(graph, reader):
            yield first, reader


def _is_scalable(graph: Graph, node: Node) -> bool:
    """Return whether a node is a convolution with constants of its own, dense or depthwise."""
    if node.op != "Conv" or node.fused.activation or node.fused.residual:
        return False
    constants = [value for value in node.inputs[1:] if value is not None]
    own = all(v.constant is not None and len(graph.consumers(v)) == 1 for v in constants)
    group, weights = node.attributes["group"], node.input(1)
    return own and (group == 1 or (weights.shape[1] == 1 and weights.shape[0] == group))


def _equalise_pair(first: Node, second: Node) -> bool:
    """Equalise the channels between two layers; return whether any changed."""
    made, read = first.input(1), second.input(1)
    assert made.constant is not None
    assert read.constant is not None
    axis = 1 if second.attributes["group"] == 1 else 0
    writes, reads = _largest(made.constant, 0), _largest(read.constant, axis)
    known = (writes > 0) & (reads > 0)
    ratio = np.where(known, writes, 1) / np.where(known, reads, 1)
    factors = np.exp2(np.rint(np.log2(ratio) / 2)).astype(np.float32)
    if np.all(factors == 1):
        return False
    made.constant = made.constant / _along(factors, 0, made.constant.ndim)
    read.constant = read.constant * _along(factors, axis, read.constant.ndim)
    bias = first.inputs[2] if len(first.inputs) > 2 else None
    if bias is not None:
        assert bias.constant is not None
        bias.constant = bias.constant / factors
    return True


def _largest(weights: Array, axis: int) -> Array:
    """Return the largest magnitude of each channel, as float64."""
    others = tuple(each for each in range(weights.ndim) if each != axis)
    return np.asarray(np.abs(weights).max(others), np.float64)


def _along(factors: Array, axis: int, rank: int) -> Array:
    return factors.reshape([-1 if each == axis else 1 for each in range(rank)])
