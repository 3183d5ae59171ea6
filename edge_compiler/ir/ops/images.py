"""Operators on images: windows, reductions, normalisation, resizing."""

from __future__ import annotations

import numpy as np

from edge_compiler.ir.graph import Node
from edge_compiler.ir.ops.table import op, require, require_clear_padding, require_image


def _pool_macs(node: Node) -> int:
    return node.output.size * int(np.prod(node.attributes["kernel_shape"]))


@op("MaxPool", macs=_pool_macs)
def check_max_pool(node: Node) -> str | None:
    """2-D maximum pooling: any stride, dilation, padding, ceil_mode."""
    return (
        require_image(node.input(0))
        or require_clear_padding(node)
        or require(node, "storage_order", 0)
    )


@op("AveragePool", macs=_pool_macs)
def check_average_pool(node: Node) -> str | None:
    """2-D average pooling: any stride, dilation, padding, count_include_pad, ceil_mode."""
    return require_image(node.input(0)) or require_clear_padding(node)


@op("GlobalAveragePool", macs=lambda node: node.input(0).size)
def check_global_average_pool(node: Node) -> str | None:
    """Mean of each channel."""
    return require_image(node.input(0))


@op("ReduceMean", macs=lambda node: node.input(0).size)
def check_reduce_mean(node: Node) -> str | None:
    """Mean over height and width; becomes GlobalAveragePool."""
    axes = node.constant(1)
    if axes is None or sorted(int(axis) % 4 for axis in axes.ravel()) != [2, 3]:
        return "only the mean over height and width (axes 2, 3) is supported"
    return require_image(node.input(0))


@op("LRN", macs=lambda node: node.output.size * int(node.attributes["size"]))
def check_lrn(node: Node) -> str | None:
    """Local response normalisation across channels."""
    return require_image(node.input(0))


@op("Softmax", macs=lambda node: node.output.size)
def check_softmax(node: Node) -> str | None:
    """Softmax along any axis."""
    return None


@op("Resize", macs=lambda node: node.output.size)
def check_resize(node: Node) -> str | None:
    """Nearest or linear resizing of height and width."""
    source, target = node.input(0).shape, node.output.shape
    if source[:2] != target[:2]:
        return f"only height and width can be resized, not {list(source)} to {list(target)}"
    return (
        require_image(node.input(0))
        or require(node, "mode", "nearest", "linear")
        or require(
            node, "nearest_mode", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"
        )
        or require(node, "antialias", 0)
        or require(node, "exclude_outside", 0)
        or require(
            node,
            "coordinate_transformation_mode",
            "half_pixel",
            "pytorch_half_pixel",
            "asymmetric",
            "align_corners",
        )
    )
