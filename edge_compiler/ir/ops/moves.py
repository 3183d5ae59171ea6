"""Operators that move data or only rename it."""

from __future__ import annotations

from edge_compiler.ir.graph import Node
from edge_compiler.ir.ops.table import op, require, require_constant


@op("Concat")
def check_concat(node: Node) -> str | None:
    """Join tensors along any axis."""
    return None


@op("Flatten", "Reshape", "Squeeze", "Unsqueeze")
def check_reshape(node: Node) -> str | None:
    """Another shape for the same elements; costs nothing."""
    return None


@op("Identity", "Dropout")
def check_identity(node: Node) -> str | None:
    """Nothing to do when a network only runs; removed."""
    return require_constant(node, 2) if node.op == "Dropout" else None


@op("Transpose")
def check_transpose(node: Node) -> str | None:
    """Reorder dimensions."""
    return None


@op("Pad")
def check_pad(node: Node) -> str | None:
    """Pad with a constant; becomes part of the Conv or pool that follows where possible."""
    pads = node.constant(1)
    if pads is not None and pads.min() < 0:
        return f"negative pads {pads.tolist()} are not supported"
    return require(node, "mode", "constant") or require_constant(node, 1, 2, 3)


@op("Split")
def check_split(node: Node) -> str | None:
    """Cut along any axis."""
    return require_constant(node, 1)


@op("Slice")
def check_slice(node: Node) -> str | None:
    """Take a part of a tensor, with constant bounds and steps."""
    return require_constant(node, 1, 2, 3, 4)
