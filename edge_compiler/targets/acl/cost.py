"""
The cost model: how many instructions a node is expected to take on either back end.

The number is a sum of counts (products, results, inputs, ...; all in vectors of four), each times
a constant. ``python -m bench.fit_placement`` fits the constants to counted instructions and writes
them to ``cost_model.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import json
import math
from pathlib import Path
from typing import Protocol

from edge_compiler.ir.graph import Activation, Node, Value
from edge_compiler.targets.acl.record import Op
from edge_compiler.targets.acl.requests import Request
from edge_compiler.targets.c.layer import Geometry, required
from edge_compiler.targets.program.buffers import BLOCK
from edge_compiler.targets.program.lowering import is_image

CONSTANTS = Path(__file__).with_name("cost_model.json")
Counts = dict[str, float]
Constants = Mapping[str, Mapping[str, float]]
"""Instructions for one of each count, by kind of work."""

VECTOR = 4
REORDER = "reorder"
_FREE = ("Relu", "Clip")
"""Activations that cost an instruction or two: the constant of the results has them."""


def own_work(node: Node) -> tuple[str, Counts]:
    """Return what kind of work a node is for our kernels, and how much."""
    if node.op in ("Conv", "Gemm", "MatMul"):
        return _own_convolution(node)
    return _other_work(node)


def library_work(node: Node, request: Request) -> tuple[str, Counts]:
    """Return what kind of work a node is for a function of the library, and how much."""
    if request.op not in (Op.GEMM, Op.WINOGRAD, Op.DEPTHWISE):
        return _other_work(node)
    assert request.weights is not None
    results = node.output.size
    terms = request.weights.size // _channels(node.output)
    counts = _products(node, results, terms)
    if request.op is Op.DEPTHWISE:
        return "depthwise", counts
    if request.op is Op.WINOGRAD:
        return "Winograd", counts
    pixels = results // _channels(node.output)
    if pixels == 1:
        return "vector", counts
    fields = request.fields
    pointwise = fields["kernel_h"] == fields["kernel_w"] == 1
    if pointwise and fields["stride_h"] == fields["stride_w"] == 1:
        return "pointwise", counts
    return "patches", counts | {"patches": pixels * terms / VECTOR}


def reorder_work(value: Value) -> tuple[str, Counts]:
    """Return the work of bringing an image into the other back end's layout."""
    return REORDER, {"elements": value.size / VECTOR, "runs": 1.0}


def _own_convolution(node: Node) -> tuple[str, Counts]:
    w = required(node, 1)
    if node.op != "Conv":
        results = node.output.size
        return "vector", _products(node, -(-results // BLOCK) * BLOCK, w.size // results)
    padded = -(-w.shape[0] // BLOCK) * BLOCK
    pixels = node.output.size // w.shape[0]
    terms = w[0].size
    counts = _products(node, padded * pixels, terms)
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


def _products(node: Node, results: int, terms: int) -> Counts:
    activation = node.fused.activation
    return {
        "products": results * terms / VECTOR,
        "results": results / VECTOR,
        "inputs": node.input(0).size / VECTOR,
        "weights": _channels(node.output) * terms / VECTOR,
        "runs": 1.0,
    } | _slow(activation, results)


def _slow(activation: Activation | None, results: int) -> Counts:
    if activation is None or activation.op in _FREE:
        return {}
    return {activation.op: results / VECTOR}


def _other_work(node: Node) -> tuple[str, Counts]:
    """Return the work of a node that has no weights: alike for both."""
    counts = {"results": max(node.input(0).size, node.output.size) / VECTOR, "runs": 1.0}
    if node.op in ("MaxPool", "AveragePool"):
        window = math.prod(Geometry.of(node).kernel)
        counts["window"] = node.output.size * window / VECTOR
    return node.op, counts | _slow(node.fused.activation, node.output.size)


def _channels(value: Value) -> int:
    return value.shape[1] if is_image(value) else value.size


class Costs(Protocol):
    """What the placement weighs: numbers of instructions."""

    def of_ours(self, node: Node) -> float:
        """Return what a node costs on our kernels."""

    def of_library(self, node: Node, request: Request) -> float:
        """Return what a node costs on the library."""

    def of_reorder(self, value: Value) -> float:
        """Return what a change of layout costs."""


@dataclass(frozen=True)
class CostModel:
    """
    What nodes are expected to cost.

    :ivar ours: constants of our kernels.
    :ivar library: constants of the library.
    """

    ours: Constants
    library: Constants

    @classmethod
    def of(cls, triple: str) -> CostModel:
        """Return the costs on a kind of machine, with the constants that come with edgec."""
        model = json.loads(CONSTANTS.read_text(encoding="utf-8"))["instructions"][triple]
        return cls(model["c"], model["acl"])

    def of_ours(self, node: Node) -> float:
        """Return what a node costs on our kernels."""
        return _sum(self.ours, *own_work(node))

    def of_library(self, node: Node, request: Request) -> float:
        """Return what a node costs on the library."""
        return _sum(self.library, *library_work(node, request))

    def of_reorder(self, value: Value) -> float:
        """Return what a change of layout costs: nothing for what is no image, or of one pixel."""
        if not is_image(value) or value.shape[2:] == (1, 1):
            return 0.0
        return _sum(self.ours, *reorder_work(value))


def _sum(constants: Constants, kind: str, counts: Counts) -> float:
    known = constants[kind]
    return sum(known.get(name, 0.0) * number for name, number in counts.items())
