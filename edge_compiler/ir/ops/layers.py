"""Convolutions and matrix products."""

from __future__ import annotations

import numpy as np

from edge_compiler.ir.graph import Node, Value
from edge_compiler.ir.ops.table import (
    op,
    require,
    require_clear_padding,
    require_constant,
    require_image,
)


def _conv_macs(node: Node) -> int:
    return node.output.size * int(np.prod(node.input(1).shape[1:]))


@op("Conv", macs=_conv_macs, fuses_activation=True)
def check_conv(node: Node) -> str | None:
    """2-D convolution: any group, stride, dilation and padding; constant weights."""
    image, weight = node.input(0), node.input(1)
    reason = require_image(image) or require_clear_padding(node) or require_constant(node, 1, 2)
    if reason:
        return reason
    channels = weight.shape[1] * node.attributes["group"]
    if channels != image.shape[1] or weight.shape[0] % node.attributes["group"]:
        return (
            f"weights {list(weight.shape)} in {node.attributes['group']} group(s) don't fit "
            f"{image.shape[1]} input channels"
        )
    return None


def _gemm_macs(node: Node) -> int:
    return node.output.size * int(node.input(0).shape[-1])


def _require_row(value: Value) -> str | None:
    if value.size != value.shape[-1]:
        return f"only a row vector times a matrix is supported, received {list(value.shape)}"
    return None


@op("Gemm", macs=_gemm_macs, fuses_activation=True)
def check_gemm(node: Node) -> str | None:
    """Row vector times matrix plus bias (a fully connected layer); constant weights."""
    return (
        require(node, "transA", 0) or _require_row(node.input(0)) or require_constant(node, 1, 2)
    )


@op("MatMul", macs=_gemm_macs)
def check_matmul(node: Node) -> str | None:
    """Row vector times constant matrix."""
    if len(node.input(1).shape) != 2:
        return f"only a matrix as second factor is supported, received {node.input(1)}"
    return _require_row(node.input(0)) or require_constant(node, 1)
