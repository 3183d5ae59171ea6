"""Recognise the mean over a whole image."""

from __future__ import annotations

from collections.abc import Iterator
import math

from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.passes.base import Decision, done, graph_pass, new_reshape


@graph_pass("recognise-global-pool")
def recognise_global_pool(graph: Graph) -> Iterator[Decision]:
    """Recognise GlobalAveragePool in ReduceMean and in an AveragePool of the image's size."""
    for node in list(graph.nodes):
        if node.op == "AveragePool" and _covers_image(node):
            node.op, node.attributes = "GlobalAveragePool", {}
            yield done(node, "the window of AveragePool is the whole image")
        elif node.op == "ReduceMean" and _reduces_image(node):
            node.op, node.inputs = "GlobalAveragePool", node.inputs[:1]
            if not node.attributes["keepdims"]:
                _drop_dimensions(graph, node)
            node.attributes = {}
            yield done(node, "ReduceMean takes the mean over height and width")


def _covers_image(node: Node) -> bool:
    sides = node.input(0).shape[2:]
    return (
        list(node.attributes["kernel_shape"]) == list(sides)
        and all(dilation == 1 for dilation in node.attributes["dilations"])
        and not any(node.attributes["pads"])
        and node.output.size == math.prod(node.output.shape[:2])
    )


def _reduces_image(node: Node) -> bool:
    axes = node.constant(1)
    return (
        len(node.input(0).shape) == 4
        and axes is not None
        and sorted(int(axis) % 4 for axis in axes) == [2, 3]
    )


def _drop_dimensions(graph: Graph, node: Node) -> None:
    """Let the pool keep the dimensions of size one, and drop them in a Reshape after it."""
    result = node.output
    pooled = Value(f"{result.name}/pooled", (*result.shape, 1, 1), result.type)
    node.outputs = (pooled,)
    graph.insert_after(node, new_reshape(node, pooled, result))
