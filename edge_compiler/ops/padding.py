"""What a Pad adds and cuts off."""

from __future__ import annotations

from edge_compiler.ir.graph import Node


def pads_of(node: Node) -> list[tuple[int, int]] | None:
    """
    Return how many elements a Pad puts before and behind along each axis; negative: it cuts off.

    :returns: None if that is known only while the model runs.
    """
    amounts, axes = node.constant(1), node.constant(3)
    given = len(node.inputs) > 3 and node.inputs[3] is not None
    if amounts is None or (given and axes is None):
        return None
    rank = len(node.output.shape)
    chosen = range(rank) if axes is None else [int(axis) % rank for axis in axes]
    before, behind = amounts.reshape(2, -1).tolist()
    pads = [(0, 0)] * rank
    for axis, first, last in zip(chosen, before, behind, strict=True):
        pads[axis] = (first, last)
    return pads
