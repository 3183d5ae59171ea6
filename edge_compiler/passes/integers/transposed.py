"""Transposed convolutions in integers: convolutions whose channels become pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edge_compiler.ir.dtype import Quantisation
from edge_compiler.ir.graph import Fused, Node, Value
from edge_compiler.ir.quantised import quantisation_of
from edge_compiler.passes.integers.operands import (
    bias_of,
    check_sums,
    data_of,
    NotInIntegersError,
    weights_of,
)
from edge_compiler.passes.integers.phases import Phases, phases_of
from edge_compiler.passes.integers.place import indices, Place

_Step = tuple[str, list["Value | None"], dict[str, Any], tuple[int, ...]]
"""An operator, what it reads beside the result before it, its attributes, its result's shape."""


def transposed(place: Place) -> list[Node]:
    """Compute a transposed convolution as one whose channels become pixels."""
    node, x, result = place.node, place.source(0), place.result
    phases = phases_of(node)
    if isinstance(phases, str):
        raise NotInIntegersError(phases)
    count = node.input(1).shape[1]
    weights, bias = _operands(place, x, phases)
    attributes = {
        "group": 1,
        "auto_pad": "NOTSET",
        "pads": phases.pads,
        "kernel_shape": list(phases.sides),
        "strides": [1, 1],
        "dilations": [1, 1],
    }
    wide = phases.wide_shape(x.shape, count)
    whole = (*wide[:1], count, *(size * phases.stride for size in wide[2:]))
    steps: list[_Step] = [("QConv", [weights, bias], attributes, wide)]
    if phases.stride > 1:
        how = {"blocksize": phases.stride, "mode": "CRD"}
        steps.append(("DepthToSpace", [], how, whole))
    if whole != result.shape:
        ends = [start + size for start, size in zip(phases.starts, result.shape[2:], strict=True)]
        where = {"starts": list(phases.starts), "ends": ends, "axes": [2, 3]}
        steps.append(("Slice", indices(place, where), {}, result.shape))
    return _one_after_the_other(place, x, steps)


def _operands(place: Place, x: Value, phases: Phases) -> tuple[Value, Value]:
    """Return weights and bias of the convolution that computes all phases."""
    graph, inputs, kernel = place.graph, place.node.inputs, place.node.input(1)
    weights = weights_of(graph, kernel, 1)
    bias = bias_of(graph, inputs[2] if len(inputs) > 2 else None, x, weights, kernel.shape[1])
    weights.constant = phases.weights(data_of(weights))
    bias.constant = np.repeat(data_of(bias), phases.count)
    weights.shape, bias.shape = weights.constant.shape, bias.constant.shape
    scale = quantisation_of(weights).scale
    if len(scale) > 1:
        each = tuple(np.repeat(scale, phases.count).tolist())
        weights.quantisation = Quantisation(each, (0,) * len(each), 0)
    check_sums(weights.constant, bias.constant)
    return weights, bias


def _one_after_the_other(place: Place, x: Value, steps: Sequence[_Step]) -> list[Node]:
    """Return nodes of which each reads what the one before it computes; the first one limits."""
    nodes: list[Node] = []
    for number, (op, inputs, attributes, shape) in enumerate(steps, 1):
        result = place.result
        between = Value(f"{result.name}/{op}", shape, result.type, None, result.quantisation)
        node = place.made(op, [x, *inputs], None if number == len(steps) else between)
        node.attributes = attributes
        if nodes:
            node.fused = Fused()
        nodes.append(node)
        x = node.output
    return nodes
