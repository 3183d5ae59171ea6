"""Functions of several tensors, element by element, and of one number a channel."""

from __future__ import annotations

from edge_compiler.ir.graph import Node
from edge_compiler.ir.ops.table import op, require, require_constant, require_image


@op("BatchNormalization", macs=lambda node: node.output.size)
def check_batch_normalization(node: Node) -> str | None:
    """Batch normalisation with constant statistics; becomes ChannelAffine."""
    constants = require_constant(node, 1, 2, 3, 4)
    return constants or require(node, "training_mode", 0) or require_image(node.input(0))


@op("ChannelAffine", macs=lambda node: node.output.size, fuses_activation=True)
def check_channel_affine(node: Node) -> str | None:
    """Scale and shift of each channel; internal, made from BatchNormalization, Mul and Add."""
    return require_image(node.input(0)) or require_constant(node, 1, 2)


@op("ChannelShuffle")
def check_channel_shuffle(node: Node) -> str | None:
    """Interleave the channels of groups; internal, made from Reshape, Transpose, Reshape."""
    return require_image(node.input(0))


@op("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", fuses_activation=True)
def check_elementwise(node: Node) -> str | None:
    """Arithmetic of tensors of one shape, with a constant, or with one number a channel."""
    shape = node.output.shape
    for value in node.inputs:
        if value is None or value.constant is not None or value.shape == shape:
            continue
        channels_fit = len(shape) == len(value.shape) == 4 and value.shape[1] == shape[1]
        if not channels_fit:
            return f"broadcasting a computed {list(value.shape)} to {list(shape)} is not supported"
    return None
