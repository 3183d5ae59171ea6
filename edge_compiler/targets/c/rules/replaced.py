"""Operators that passes replace by others: what must be true for that."""

from __future__ import annotations

from collections.abc import Callable

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.rules.limits import require, require_constant, require_image


def check_batch_normalization(node: Node) -> str | None:
    """Batch normalisation with constant statistics; becomes ChannelAffine."""
    constants = require_constant(node, 1, 2, 3, 4)
    return constants or require(node, "training_mode", 0) or require_image(node.input(0))


def check_reduce_mean(node: Node) -> str | None:
    """Mean over height and width; becomes GlobalAveragePool."""
    axes = node.constant(1)
    if axes is None or sorted(int(axis) % 4 for axis in axes.ravel()) != [2, 3]:
        return "only the mean over height and width (axes 2, 3) is supported"
    return require_image(node.input(0))


REPLACED: dict[str, Callable[[Node], str | None]] = {
    "BatchNormalization": check_batch_normalization,
    "ReduceMean": check_reduce_mean,
}
