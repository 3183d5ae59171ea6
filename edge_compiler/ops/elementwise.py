"""Functions of several tensors, element by element, and of one number a channel."""

from __future__ import annotations

from edge_compiler.ops.table import define

define(
    "BatchNormalization",
    summary="Batch normalisation.",
    macs=lambda node: node.output.size,
)
define(
    "ChannelAffine",
    summary="Scale and shift of each channel; internal, made from BatchNormalization, Mul, Add.",
    macs=lambda node: node.output.size,
    fuses_activation=True,
)
define(
    "ChannelShuffle",
    summary="Interleave the channels of groups; internal, made from Reshape, Transpose, Reshape.",
)
define(
    *("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum"),
    summary="Arithmetic of tensors, element by element.",
    fuses_activation=True,
)
define(
    "PRelu",
    summary="Elements below zero times a slope, element by element.",
    fuses_activation=True,
)
define(
    "Pow",
    summary="Elements to the power of others.",
    fuses_activation=True,
)
define("Mod", summary="Remainder of a division.")
define(
    *("BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor"),
    summary="Operation on the bits of integers, with broadcasting.",
)
