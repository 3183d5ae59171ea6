"""A network without some of its channels: smaller weights, smaller tensors, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.pruning.absorb import absorb
from edge_compiler.pruning.channels import Along, Channels
from edge_compiler.pruning.rules import restate
from edge_compiler.pruning.score import Seen

Array = np.ndarray[Any, Any]


def cut(graph: Graph, channels: Channels, removed: Array, seen: Seen | None = None) -> Graph:
    """
    Return a graph without the groups of channels that shall be removed.

    :param graph: that the channels are of; it is not changed.
    :param removed: whether a group is, by the number of its first atom.
    :param seen: of samples, by which what is left takes over from what goes; None: it doesn't.
    """
    smaller = {
        value: _without(value, along, channels, removed)
        for value, along in channels.along.items()
        if not channels.kept(along.atoms, removed).all()
    }
    parts: dict[tuple[Node, int], list[Along]] = defaultdict(list)
    for part in channels.cuts:
        parts[part.node, part.index].append(part.along)

    def constant(node: Node, index: int, value: Value, array: Array) -> Value:
        for along in parts.get((node, index), ()):
            array = np.compress(channels.kept(along.atoms, removed), array, along.axis)
        if array.shape == value.shape and (node, index) not in changed:
            return value
        alone = graph.consumers(value) == [node] and node.inputs.count(value) == 1
        name = value.name if alone else f"{node.output.name}/{value.name}"
        return Value(name, array.shape, value.type, array)

    changed = {} if seen is None else _taken_over(channels, removed, seen)
    nodes = []
    for node in graph.nodes:
        inputs = [
            value
            if value is None
            else smaller.get(value, value)
            if value.constant is None
            else constant(node, index, value, changed.get((node, index), value.constant))
            for index, value in enumerate(node.inputs)
        ]
        if (node, 2) in changed and node.constant(2) is None:
            bias = changed[node, 2][channels.kept(channels.along[node.output].atoms, removed)]
            inputs = [*inputs[:2], Value(f"{node.output.name}/bias", bias.shape, constant=bias)]
        outputs = [smaller.get(value, value) for value in node.outputs]
        copy = Node(node.op, node.name, inputs, outputs, dict(node.attributes), node.fused)
        copy.origins = node.origins
        if any(value in smaller for value in (*node.reads(), *node.outputs)):
            restate(copy)
        nodes.append(copy)
    return Graph(graph.name, graph.inputs, graph.outputs, nodes, graph.metadata)


def _taken_over(channels: Channels, removed: Array, seen: Seen) -> dict[tuple[Node, int], Array]:
    """Return weights and biases, by node and input, that stand for removed channels, too."""
    found: dict[tuple[Node, int], Array] = {}
    for layer in channels.layers:
        if (taken := absorb(layer, channels, removed, seen)) is not None:
            found[layer.node, 1], found[layer.node, 2] = taken
    return found


def _without(value: Value, along: Along, channels: Channels, removed: Array) -> Value:
    shape = list(value.shape)
    shape[along.axis] = int(channels.kept(along.atoms, removed).sum())
    return Value(value.name, tuple(shape), value.type)
