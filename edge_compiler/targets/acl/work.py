"""
How much work a node is for a function of Arm Compute Library: see `targets.c.work`.

``python -m bench.fit_placement`` fits the constants in ``work_model.json``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge_compiler.ir.graph import Node
from edge_compiler.targets.acl.record import Op
from edge_compiler.targets.acl.requests import Request
from edge_compiler.targets.program.work import (
    channels,
    Constants,
    constants_of,
    Counts,
    instructions,
    other_work,
    products,
    VECTOR,
)

CONSTANTS = Path(__file__).with_name("work_model.json")


def work(node: Node, request: Request) -> tuple[str, Counts]:
    """Return what kind of work a node is, and how much."""
    if request.op not in (Op.GEMM, Op.WINOGRAD, Op.DEPTHWISE):
        return other_work(node)
    assert request.weights is not None
    results = node.output.size
    terms = request.weights.size // channels(node.output)
    counts = products(node, results, terms)
    if request.op is Op.DEPTHWISE:
        return "depthwise", counts
    if request.op is Op.WINOGRAD:
        return "Winograd", counts
    pixels = results // channels(node.output)
    if pixels == 1:
        return "vector", counts
    fields = request.fields
    pointwise = fields["kernel_h"] == fields["kernel_w"] == 1
    if pointwise and fields["stride_h"] == fields["stride_w"] == 1:
        return "pointwise", counts
    return "patches", counts | {"patches": pixels * terms / VECTOR}


class Costs(Protocol):
    """What the placement weighs on the library's side: numbers of instructions."""

    def of(self, node: Node, request: Request) -> float:
        """Return what a node costs."""


@dataclass(frozen=True)
class WorkModel:
    """What nodes are expected to cost, with the constants of each kind of work."""

    constants: Constants

    @classmethod
    def of_machine(cls, triple: str) -> WorkModel:
        """Return the costs on a kind of machine."""
        return cls(constants_of(CONSTANTS)[triple])

    def of(self, node: Node, request: Request) -> float:
        """Return what a node costs."""
        return instructions(self.constants, *work(node, request))
