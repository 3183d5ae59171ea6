"""Recognise the channel shuffle of ShuffleNet."""

from __future__ import annotations

from collections.abc import Iterator

from edge_compiler.ir.graph import Graph, Node
from edge_compiler.passes.base import absorb, Decision, done, graph_pass


@graph_pass("recognise-channel-shuffle")
def recognise_channel_shuffle(graph: Graph) -> Iterator[Decision]:
    """Recognise ChannelShuffle in Reshape, Transpose, Reshape."""
    for node in list(graph.nodes):
        chain = _chain(graph, node)
        if chain is None:
            continue
        transpose, last = chain
        groups = node.output.shape[1]
        absorb(graph, node, transpose)
        absorb(graph, node, last)
        node.op, node.attributes = "ChannelShuffle", {"groups": groups}
        node.inputs = node.inputs[:1]
        yield done(node, f"three nodes shuffle the channels of {groups} groups")


def _chain(graph: Graph, first: Node) -> tuple[Node, Node] | None:
    """Return the Transpose and the Reshape after ``first`` if the three shuffle channels."""
    if first.op != "Reshape" or len(first.input(0).shape) != 4 or len(first.output.shape) != 5:
        return None
    batch, channels, height, width = first.input(0).shape
    groups, members = first.output.shape[1:3]
    if first.output.shape != (batch, groups, members, height, width):
        return None
    if groups * members != channels:
        return None
    transpose = graph.sole_consumer(first.output)
    if transpose is None or transpose.op != "Transpose":
        return None
    last = graph.sole_consumer(transpose.output)
    if list(transpose.attributes["perm"]) != [0, 2, 1, 3, 4]:
        return None
    if last is None or last.op != "Reshape" or last.output.shape != first.input(0).shape:
        return None
    return transpose, last
