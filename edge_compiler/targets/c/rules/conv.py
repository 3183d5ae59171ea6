"""Conv, Gemm and MatMul, which are all computed as convolutions."""

from __future__ import annotations

import numpy as np

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.algorithms import lower_convolution
from edge_compiler.targets.c.choice import Chooser
from edge_compiler.targets.c.layer import Layer
from edge_compiler.targets.c.rules.limits import require, require_constant, require_image
from edge_compiler.targets.c.rules.table import lowers_choosing
from edge_compiler.targets.program.buffers import BLOCK
from edge_compiler.targets.program.lowering import image_size, Lowering
from edge_compiler.targets.program.nodes import Geometry, matrix_and_bias, required


def check_conv(node: Node) -> str | None:
    """2-D convolution: any group, stride, dilation and padding; constant weights."""
    return require_image(node.input(0)) or require_constant(node, 1, 2)


@lowers_choosing("Conv", check=check_conv)
def lower_conv(low: Lowering, node: Node, chooser: Chooser) -> None:
    """Lower a dense, grouped or depthwise convolution."""
    value, w = node.input(0), required(node, 1)
    bias = node.constant(2)
    b = np.zeros(w.shape[0], np.float32) if bias is None else bias
    geometry = Geometry.of(node)
    groups = node.attributes.get("group", 1)
    source = low.planar(value) if groups == 1 and value.shape[1] < BLOCK else None
    source = source or low.blocked(value)
    residual = low.blocked(node.fused.residual) if node.fused.residual is not None else None
    target = low.new_blocked(node.output)
    source.require(geometry.halo(image_size(value)[1:], image_size(node.output)[1:]))
    depthwise = 1 < groups == w.shape[0] == value.shape[1]
    kind = "depthwise" if depthwise else "grouped" if groups > 1 else "dense"
    lower_convolution(low, chooser, Layer(node, geometry, source, target, residual, kind), w, b)


def check_gemm(node: Node) -> str | None:
    """Row vector times constant matrix, plus bias."""
    value, weight = node.input(0), node.input(1)
    if len(weight.shape) != 2:
        return f"only a matrix as second factor is supported, received {weight}"
    if value.size != value.shape[-1]:
        return f"only a row vector times a matrix is supported, received {list(value.shape)}"
    return require(node, "transA", 0) or require_constant(node, 1, 2)


@lowers_choosing("Gemm", "MatMul", check=check_gemm)
def lower_gemm(low: Lowering, node: Node, chooser: Chooser) -> None:
    """Lower a matrix product with a row vector to a 1x1 convolution of one pixel."""
    matrix, b = matrix_and_bias(node)
    w = matrix[:, :, None, None]
    source, target = low.dense(node.input(0)), low.new_dense(node.output)
    geometry = Geometry((1, 1), (1, 1), (1, 1), (0, 0, 0, 0))
    lower_convolution(low, chooser, Layer(node, geometry, source, target, None), w, b)
