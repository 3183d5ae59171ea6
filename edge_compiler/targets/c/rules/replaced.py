"""Operators that passes replace by others: what must be true for that."""

from __future__ import annotations

from collections.abc import Callable

from edge_compiler.ir.graph import Node
from edge_compiler.targets.program.limits import require, require_constant


def check_batch_normalization(node: Node) -> str | None:
    """Batch normalisation with constant statistics; becomes ChannelAffine."""
    constants = require_constant(node, 1, 2, 3, 4)
    return constants or require(node, "training_mode", 0)


REPLACED: dict[str, Callable[[Node], str | None]] = {
    "BatchNormalization": check_batch_normalization,
}
