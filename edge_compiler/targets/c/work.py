"""
How much work a node is for our own kernels, as the placement among back ends weighs it.

The work is a sum of counts (products, results, inputs, ...; all in vectors of four), each times a
constant: instructions, which ``python -m bench.fit_placement`` fits to counted ones and writes to
``work_model.json``.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
from pathlib import Path
from typing import Protocol

from edge_compiler.ir.graph import Node, Value
from edge_compiler.targets.c.algorithms.gemm.product import Product
from edge_compiler.targets.program.layout import BLOCK, has_sides
from edge_compiler.targets.program.nodes import Geometry, required
from edge_compiler.targets.program.work import (
    Constants,
    constants_of,
    Counts,
    instructions,
    other_work,
    products,
    VECTOR,
)

CONSTANTS = Path(__file__).with_name("work_model.json")
REORDER = "reorder"


def work(node: Node) -> tuple[str, Counts]:
    """Return what kind of work a node is, and how much."""
    if node.op == "Conv":
        return _convolution(node)
    if node.op in ("Gemm", "MatMul"):
        return _product(node)
    return other_work(node)


def reorder_work(value: Value) -> tuple[str, Counts]:
    """Return the work of bringing an image into another layout."""
    return REORDER, {"elements": value.size / VECTOR, "runs": 1.0}


def _convolution(node: Node) -> tuple[str, Counts]:
    w = required(node, 1)
    padded = -(-w.shape[0] // BLOCK) * BLOCK
    pixels = node.output.size // w.shape[0]
    terms = w[0].size
    counts = products(node, padded * pixels, terms)
    geometry, channels = Geometry.of(node), node.input(0).shape[1]
    if w.shape[0] == node.attributes.get("group", 1) == channels and channels > 1:
        return "depthwise", counts
    if pixels == 1:
        return "vector", counts
    if channels < BLOCK:
        return "planes", counts
    if geometry.kernel == (3, 3) and geometry.stride == geometry.dilation == (1, 1):
        return "Winograd", counts
    return "direct", counts


def _product(node: Node) -> tuple[str, Counts]:
    """Return the work of a matrix product, the columns in whole blocks."""
    product = Product.of(node)
    results = math.prod(product.batch) * product.rows * -(-product.columns // BLOCK) * BLOCK
    return "vector", products(node, results, product.terms)


class Costs(Protocol):
    """What the placement weighs on our side: numbers of instructions."""

    def of(self, node: Node) -> float:
        """Return what a node costs."""

    def of_reorder(self, value: Value) -> float:
        """Return what a change of layout costs."""


@dataclass(frozen=True)
class WorkModel:
    """What nodes are expected to cost, with the constants of each kind of work."""

    constants: Constants

    @classmethod
    def of_machine(cls, triple: str) -> WorkModel:
        """Return the costs on a kind of machine; no costs if nothing was counted there."""
        return cls(constants_of(CONSTANTS).get(triple, {}))

    def of(self, node: Node) -> float:
        """Return what a node costs; nothing where only we can run it, since nothing is weighed."""
        return instructions(self.constants, *work(node))

    def of_reorder(self, value: Value) -> float:
        """Return what a change of layout costs: nothing for what is no image, or of one pixel."""
        if not has_sides(value) or value.shape[2:] == (1, 1):
            return 0.0
        return instructions(self.constants, *reorder_work(value))
