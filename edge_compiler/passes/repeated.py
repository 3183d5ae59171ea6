"""Compute once what several nodes compute of the same constants."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

import numpy as np

from edge_compiler.ir.evaluate import RANDOM
from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.passes.base import Decision, done, graph_pass

_SMALL = 64
"""Bytes of a constant that is known by its content; a copy of a larger one is another one."""


@graph_pass("merge-repeated-constants")
def merge_repeated(graph: Graph) -> Iterator[Decision]:
    """
    Let nodes share a result if they are the same operator on the same constants.

    A recurrent network of quantised integers that is written out step by step has the zero point
    of its weights taken off at each step: their numbers would be there as often.
    """
    first: dict[Hashable, Node] = {}
    known: set[Value] = set()
    for node in list(graph.nodes):
        read = [value for value in node.inputs if value is not None]
        if node.op in RANDOM:
            continue
        if not all(value.constant is not None or value in known for value in read):
            continue
        known.update(node.outputs)
        same = first.setdefault(_key(node), node)
        if same is node or any(graph.is_output(value) for value in node.outputs):
            continue
        for old, new in zip(node.outputs, same.outputs, strict=True):
            graph.replace(old, new)
        graph.remove(node)
        yield done(node, f"'{same.name}' computes the same")


def _key(node: Node) -> Hashable:
    """Return what two nodes have in common that compute the same."""
    attributes = tuple(sorted((name, _frozen(value)) for name, value in node.attributes.items()))
    shapes = tuple((value.type.name, value.shape) for value in node.outputs)
    return node.op, tuple(map(_known_by, node.inputs)), attributes, shapes


def _known_by(value: Value | None) -> Hashable:
    """Return what a value is known by: its content if that is short, else itself."""
    if value is None or value.constant is None or value.constant.nbytes > _SMALL:
        return value
    return value.constant.dtype.str, value.constant.shape, value.constant.tobytes()


def _frozen(value: object) -> str:
    """Return an attribute as a text that tells it from others, as far as it is short."""
    if isinstance(value, np.ndarray) and value.nbytes > _SMALL:
        return f"array {id(value)}"
    if isinstance(value, np.ndarray):
        return f"{value.dtype.str} {value.shape} {value.tobytes().hex()}"
    return repr(value)
