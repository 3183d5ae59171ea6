"""Tensors that are written with the same scale, so that moving their integers costs nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.precision.assign import activations, Role, ROLES

Ranges = Mapping[str, tuple[float, float]]
"""The least and the largest number of a tensor, by its name."""

WIDEST = 4.0
"""How many times as wide as its own a tensor's range may become by a Concat: two bits of eight."""


def shared_ranges(graph: Graph, ranges: Ranges, integer: Collection[Node]) -> Ranges:
    """
    Return ranges that are the same for what moves, and for parts that a Concat joins.

    :param integer: the nodes that compute in integers.
    """
    group: dict[Value, list[Value]] = {}

    def join(first: Value, second: Value) -> None:
        ours, others = group.setdefault(first, [first]), group.setdefault(second, [second])
        if ours is not others:
            ours += others
            group.update(dict.fromkeys(others, ours))

    for node in graph.nodes:
        if node in integer and ROLES[node.op] is Role.MOVE:
            for value in node.outputs:
                join(node.input(0), value)
    for node in graph.nodes:
        if node in integer and node.op == "Concat":
            for value in activations(node):
                if _width(ranges[node.output.name]) <= WIDEST * _width(ranges[value.name]):
                    join(value, node.output)
    shared = {
        value.name: (
            min(ranges[member.name][0] for member in members),
            max(ranges[member.name][1] for member in members),
        )
        for value, members in group.items()
    }
    return {**ranges, **shared}


def _width(limits: tuple[float, float]) -> float:
    low, high = limits
    return max(high, 0.0) - min(low, 0.0)
