"""Recognise the channel shuffle of ShuffleNet."""

from __future__ import annotations

from collections.abc import Iterator

from edge_compiler.ir.graph import Graph, Node
from edge_compiler.passes.base import Decision, graph_pass
from edge_compiler.passes.pattern import Input, Match, op, Operation, rewrite, Rule
from edge_perception.runtime.dtypes import FLOAT32

X = Input("x")
_SPLIT = op.Reshape(X).named("split")


def _why_not(node: Node, match: Match) -> str | None:
    shape, split = match.values["x"].shape, match.nodes["split"].output.shape
    if node.output.shape != shape or len(shape) != 4 or len(split) != 5:
        return "it does not split the channels of an image"
    batch, channels, *size = shape
    if match.values["x"].type != FLOAT32:
        return "it shuffles no floats"
    if split != (batch, *split[1:3], *size) or split[1] * split[2] != channels:
        return "it does not split the channels alone"
    return None


def _shuffle(match: Match) -> Operation:
    return op.ChannelShuffle(X, groups=match.nodes["split"].output.shape[1])


RULE = Rule(op.Reshape(op.Transpose(_SPLIT, perm=[0, 2, 1, 3, 4])), _shuffle, _why_not)


@graph_pass("recognise-channel-shuffle")
def recognise_channel_shuffle(graph: Graph) -> Iterator[Decision]:
    """Recognise ChannelShuffle in Reshape, Transpose, Reshape."""
    yield from rewrite(graph, (RULE,))
