"""Operators on images: windows, reductions, normalisation, resizing."""

from __future__ import annotations

import math

from edge_compiler.ir.graph import Node
from edge_compiler.ops.table import define
from edge_compiler.ops.windows import unclear_last_window, unclear_padding


def _pool_macs(node: Node) -> int:
    return int(node.output.size * math.prod(node.attributes["kernel_shape"]))


def _pool_fault(node: Node) -> str | None:
    return unclear_padding(node) or unclear_last_window(node)


define("MaxPool", summary="Maximum of windows.", macs=_pool_macs, fault=_pool_fault)
define("AveragePool", summary="Mean of windows.", macs=_pool_macs, fault=_pool_fault)
define("GlobalAveragePool", summary="Mean of each channel.", macs=lambda node: node.input(0).size)
define(
    *("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin"),
    *("ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"),
    summary="Mean, sum, extreme, product, norm or logarithm of a sum over some axes.",
    macs=lambda node: node.input(0).size,
)
define("CumSum", summary="Running sums along an axis.")
define(
    "LRN",
    summary="Local response normalisation across channels.",
    macs=lambda node: node.output.size * int(node.attributes["size"]),
)
define(
    "LayerNormalization",
    summary="Normalisation over the last dimensions.",
    macs=lambda node: node.output.size,
)
define(
    "InstanceNormalization",
    summary="Normalisation of each channel of an image.",
    macs=lambda node: node.output.size,
    fuses_activation=True,
)
define("Softmax", summary="Softmax along any axis.", macs=lambda node: node.output.size)
define("GridSample", summary="Sampling of images.", macs=lambda node: node.output.size)
define("RoiAlign", summary="Means of regions of images.", macs=lambda node: node.output.size)
define("Resize", summary="Resizing by interpolation.", macs=lambda node: node.output.size)
