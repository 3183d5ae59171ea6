"""Convolutions and matrix products."""

from __future__ import annotations

import math

from edge_compiler.ir.graph import Node
from edge_compiler.ops.table import define
from edge_compiler.ops.windows import unclear_padding


def has_constant_weights(layer: Node) -> bool:
    """Return whether weights and bias of a Conv, Gemm or MatMul are known."""
    return all(value is None or value.constant is not None for value in layer.inputs[1:])


def _conv_macs(node: Node) -> int:
    return node.output.size * math.prod(node.input(1).shape[1:])


def _conv_fault(node: Node) -> str | None:
    if reason := unclear_padding(node):
        return reason
    channels, weights, groups = node.input(0).shape[1], node.input(1), node.attributes["group"]
    if weights.shape[1] * groups != channels or weights.shape[0] % groups:
        return (
            f"weights {list(weights.shape)} in {groups} group(s) don't fit "
            f"{channels} input channels"
        )
    return None


def _product_macs(node: Node) -> int:
    return node.output.size * node.input(0).shape[-2 if node.attributes.get("transA") else -1]


define("Conv", summary="Convolution.", macs=_conv_macs, fuses_activation=True, fault=_conv_fault)
define(
    "Gemm",
    summary="Matrix product plus bias (a fully connected layer).",
    macs=_product_macs,
    fuses_activation=True,
)
define("MatMul", summary="Matrix product.", macs=_product_macs, fuses_activation=True)
