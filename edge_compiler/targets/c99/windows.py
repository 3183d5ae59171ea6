"""Convolutions, pools and products."""

from __future__ import annotations

import numpy as np

from edge_compiler.ir.graph import Node
from edge_compiler.targets.c99.table import (
    activation_field,
    add_step,
    lowers,
)
from edge_compiler.targets.program.calls import Call, Field, reading, writing
from edge_compiler.targets.program.layout import DENSE, image_shape
from edge_compiler.targets.program.limits import require_constant, require_image
from edge_compiler.targets.program.lowering import Lowering
from edge_compiler.targets.program.nodes import Geometry, matrix_and_bias, required


def _check_image(node: Node) -> str | None:
    return require_image(node.input(0))


@lowers("Conv", check=lambda node: _check_image(node) or require_constant(node, 1, 2))
def lower_conv(low: Lowering, node: Node) -> None:
    """Convolve images or lines with constant weights."""
    weights, bias = required(node, 1), node.constant(2)
    groups, geometry = node.attributes.get("group", 1), Geometry.of(node)
    images, _, in_h, in_w = image_shape(node.input(0).shape)
    _, outputs, out_h, out_w = image_shape(node.output.shape)
    w = low.weights.add(weights)
    b = low.weights.add(np.zeros(outputs, np.float32) if bias is None else bias)
    source, target = low.source(node.input(0), DENSE), low.target(node.output, DENSE)
    other = node.fused.residual
    residual = source if other is None else low.source(other, DENSE)
    fields = {
        **_window(geometry, (in_h, in_w), (out_h, out_w)),
        "images": images,
        "groups": groups,
        "in_channels": weights.shape[1],
        "out_channels": outputs // groups,
        "has_residual": int(other is not None),
        **activation_field(node),
    }

    def call(_: object) -> Call:
        pointers = (reading(source), w, b, reading(residual), writing(target))
        return Call("plain_conv_run", "plain_conv", fields, pointers)

    macs = node.output.size * weights[0].size
    low.add(node, "convolution", [source, residual], target, call, value=node.output, macs=macs)


def _window(geometry: Geometry, size: tuple[int, int], out: tuple[int, int]) -> dict[str, Field]:
    names = ("in_h", "in_w", "out_h", "out_w")
    sizes = dict(zip(names, (*size, *out), strict=True))
    return {
        **sizes,
        **geometry.fields(),
        "pad_top": geometry.pads[0],
        "pad_left": geometry.pads[1],
    }


@lowers("MaxPool", "AveragePool", check=_check_image)
def lower_pool(low: Lowering, node: Node) -> None:
    """Pool images or lines."""
    geometry = Geometry.of(node)
    images, channels, in_h, in_w = image_shape(node.input(0).shape)
    top, left, bottom, right = geometry.pads
    fields = {
        **_window(geometry, (in_h, in_w), image_shape(node.output.shape)[2:]),
        "planes": images * channels,
        "padded_h": in_h + top + bottom,
        "padded_w": in_w + left + right,
        "average": int(node.op == "AveragePool"),
        "count_include_pad": node.attributes.get("count_include_pad", 0),
    }
    add_step(low, node, ("plain_pool_run", "plain_pool", fields))


@lowers("GlobalAveragePool", check=_check_image)
def lower_global_average(low: Lowering, node: Node) -> None:
    """Take the mean of each channel."""
    lines = node.output.size
    fields = {"lines": lines, "length": node.input(0).size // lines}
    add_step(low, node, ("plain_mean_run", "plain_lines", fields))


def _check_product(node: Node) -> str | None:
    weights = node.input(1)
    if len(weights.shape) != 2:
        return f"'{weights.name}' is {weights.shape} and no matrix: choose another target"
    if node.attributes.get("transA"):
        return "transA is not supported: export it with a Transpose before it"
    bias = node.inputs[2] if len(node.inputs) > 2 else None
    if bias is not None and bias.size not in (1, node.output.shape[-1]):
        return f"the bias '{bias.name}' must be one row: export it as an Add behind it"
    return require_constant(node, 1, 2)


@lowers("Gemm", "MatMul", check=_check_product)
def lower_product(low: Lowering, node: Node) -> None:
    """Multiply rows by a constant matrix."""
    matrix, bias = matrix_and_bias(node)
    outputs, inputs = matrix.shape
    fields = {
        "rows": node.output.size // outputs,
        "inputs": inputs,
        "outputs": outputs,
        **activation_field(node),
    }
    constants = low.weights.add(matrix), low.weights.add(bias)
    add_step(low, node, ("plain_product_run", "plain_product", fields), *constants)
