"""Conv."""

from __future__ import annotations

import numpy as np

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c.algorithms import lower_convolution
from edge_compiler.targets.c.choice import Chooser
from edge_compiler.targets.c.layer import Layer
from edge_compiler.targets.c.rules.table import lowers_choosing
from edge_compiler.targets.program.layout import BLOCK, BLOCKED, image_size, PLANAR
from edge_compiler.targets.program.limits import require_constant, require_image
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Array, Geometry, required


def as_planes(weights: Array) -> Array:
    """Return weights with a kernel of rows and columns; along a line there is one row."""
    return weights if weights.ndim == 4 else weights[:, :, None]


def kind_of(channels: int, outputs: int, groups: int) -> str:
    """Return the kind of a convolution, see Problem."""
    depthwise = 1 < groups == outputs == channels
    return "depthwise" if depthwise else "grouped" if groups > 1 else "dense"


def check_conv(node: Node) -> str | None:
    """2-D or 1-D convolution: any group, stride, dilation and padding; constant weights."""
    return require_image(node.input(0)) or require_constant(node, 1, 2)


@lowers_choosing("Conv", check=check_conv)
def lower_conv(low: Lowering, node: Node, chooser: Chooser) -> None:
    """Lower a dense, grouped or depthwise convolution."""
    value, w = node.input(0), as_planes(required(node, 1))
    bias = node.constant(2)
    b = np.zeros(w.shape[0], np.float32) if bias is None else bias
    geometry = Geometry.of(node)
    groups = node.attributes.get("group", 1)
    few = groups == 1 and value.shape[1] < BLOCK and low.is_free(value, PLANAR)
    source = low.source(value, PLANAR if few else BLOCKED)
    other = node.fused.residual
    residual = None if other is None else low.source(other, BLOCKED)
    target = low.target(node.output, BLOCKED)
    source.require(geometry.halo(image_size(value.shape)[1:], image_size(node.output.shape)[1:]))
    kind = kind_of(value.shape[1], w.shape[0], groups)
    lower_convolution(low, chooser, Layer(node, geometry, source, target, residual, kind), w, b)
