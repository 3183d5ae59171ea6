"""Operators on integers of 8 bits that stand for numbers; internal, see ``ir/quantised.py``."""

from __future__ import annotations

import math

from edge_compiler.ir.graph import Node
from edge_compiler.ops.table import define


def _conv_macs(node: Node) -> int:
    return node.output.size * math.prod(node.input(1).shape[1:])


define("QConv", summary="Convolution of quantised images; internal.", macs=_conv_macs)
define(
    "QMatMul",
    summary="Product of quantised rows and a constant matrix, plus a bias; internal.",
    macs=lambda node: node.output.size * node.input(1).shape[0],
)
define(
    *("QAdd", "QMul"),
    summary="Arithmetic of two quantised tensors, element by element; internal.",
)
define(
    *("QMaxPool", "QAveragePool", "QGlobalAveragePool"),
    summary="Pooling of quantised images; internal.",
)
define(
    "QResize", summary="Linear interpolation between the pixels of a quantised image; internal."
)
define("Requantise", summary="Another scale or zero point for a quantised tensor; internal.")
define("Lookup", summary="A function of quantised numbers, as a table of 256; internal.")
