"""Convolutions and matrix products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from edge_compiler.ir.graph import Node
from edge_compiler.ops.table import define
from edge_compiler.ops.windows import unclear_padding


def has_constant_weights(layer: Node) -> bool:
    """Return whether weights and bias of a Conv, ConvTranspose, Gemm or MatMul are known."""
    return all(value is None or value.constant is not None for value in layer.inputs[1:])


Array = np.ndarray[Any, Any]


def swap_channels(weights: Array, groups: int) -> Array:
    """
    Return the weights of a convolution as those of a transposed one, or the other way round.

    :param weights: (outputs, inputs of a group, ...) or (inputs, outputs of a group, ...).
    """
    grouped: Array = weights.reshape(groups, -1, *weights.shape[1:]).swapaxes(1, 2)
    swapped: Array = grouped.reshape(-1, *grouped.shape[2:])
    return swapped


def _conv_macs(node: Node) -> int:
    return node.output.size * math.prod(node.input(1).shape[1:])


def _conv_fault(node: Node) -> str | None:
    if reason := unclear_padding(node):
        return reason
    channels, weights, groups = node.input(0).shape[1], node.input(1), node.attributes["group"]
    if weights.shape[1] * groups != channels or weights.shape[0] % groups:
        return (
            f"weights {list(weights.shape)} in {groups} group(s) don't fit "
            f"{channels} input channels: export it again"
        )
    return None


def _transposed_macs(node: Node) -> int:
    return node.input(0).size * math.prod(node.input(1).shape[1:])


def _transposed_fault(node: Node) -> str | None:
    if node.attributes["auto_pad"] != "NOTSET":
        return (
            "auto_pad with output_padding: ONNX Runtime differs from ONNX here, "
            "export it with explicit pads"
        )
    channels, weights, groups = node.input(0).shape[1], node.input(1), node.attributes["group"]
    if weights.shape[0] != channels or channels % groups:
        return (
            f"weights {list(weights.shape)} in {groups} group(s) don't fit "
            f"{channels} input channels: export it again"
        )
    return None


def _product_macs(node: Node) -> int:
    return node.output.size * node.input(0).shape[-2 if node.attributes.get("transA") else -1]


define("Conv", summary="Convolution.", macs=_conv_macs, fuses_activation=True, fault=_conv_fault)
define("ConvInteger", summary="Convolution of bytes.", macs=_conv_macs, fault=_conv_fault)
define(
    "ConvTranspose",
    summary="Transposed convolution.",
    macs=_transposed_macs,
    fuses_activation=True,
    fault=_transposed_fault,
)
define(
    "Gemm",
    summary="Matrix product plus bias (a fully connected layer).",
    macs=_product_macs,
    fuses_activation=True,
)
define("MatMul", summary="Matrix product.", macs=_product_macs, fuses_activation=True)
define("MatMulInteger", summary="Matrix product of bytes.", macs=_product_macs)
