"""Counts of the work that nodes are, whoever does it: what the cost models of back ends share."""

from __future__ import annotations

from collections.abc import Mapping
import json
import math
from pathlib import Path

from edge_compiler.ir.graph import Activation, Node, Value
from edge_compiler.targets.program.layout import has_sides
from edge_compiler.targets.program.nodes import Geometry

Counts = dict[str, float]
Constants = Mapping[str, Mapping[str, float]]
"""Instructions for one of each count, by kind of work."""

VECTOR = 4
_FREE = ("Relu", "Clip")
"""Activations that cost an instruction or two: the constant of the results has them."""


def constants_of(model: Path) -> Mapping[str, Constants]:
    """Return the constants that a file of a cost model holds, by machine."""
    known: Mapping[str, Constants] = json.loads(model.read_text("utf-8"))["instructions"]
    return known


def instructions(constants: Constants, kind: str, counts: Counts) -> float:
    """Return the instructions that work is expected to take; 0 for an unknown kind."""
    known = constants.get(kind, {})
    return sum(known.get(name, 0.0) * number for name, number in counts.items())


def products(node: Node, results: int, terms: int) -> Counts:
    """Return the work of a convolution: so many results, sums of so many products."""
    return {
        "products": results * terms / VECTOR,
        "results": results / VECTOR,
        "inputs": node.input(0).size / VECTOR,
        "weights": channels(node.output) * terms / VECTOR,
        "runs": 1.0,
    } | _slow(node.fused.activation, results)


def other_work(node: Node) -> tuple[str, Counts]:
    """Return the kind of work of a node without weights, and how much it is."""
    counts = {"results": max(node.input(0).size, node.output.size) / VECTOR, "runs": 1.0}
    if node.op in ("MaxPool", "AveragePool"):
        window = math.prod(Geometry.of(node).kernel)
        counts["window"] = node.output.size * window / VECTOR
    return node.op, counts | _slow(node.fused.activation, node.output.size)


def channels(value: Value) -> int:
    """Return the channels of an image, the elements of anything else."""
    return value.shape[1] if has_sides(value) else value.size


def _slow(activation: Activation | None, results: int) -> Counts:
    if activation is None or activation.op in _FREE:
        return {}
    return {activation.op: results / VECTOR}
