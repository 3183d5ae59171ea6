"""
What the rounding of weights does to a layer in the mean, which its bias can take back.

Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019, with
the means from samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from edge_compiler.ir.graph import Graph, Node, Value
from edge_compiler.precision.assign import channel_axis, layers
from edge_compiler.precision.samples import Samples
from edge_compiler.precision.scales import LARGEST_WEIGHT, quantise_weights
from edge_compiler.precision.session import Session
from edge_compiler.progress import Progress

Array = np.ndarray[Any, Any]
Errors = Mapping[str, Array]
"""The mean error of each output channel of a layer, by the name of what it computes."""


def bias_errors(
    graph: Graph, samples: Samples, progress: Progress, largest: int = LARGEST_WEIGHT
) -> Errors:
    """
    Return what the rounded weights of layers with a bias add to their outputs, in the mean.

    :param graph: of floats; it is not changed.
    :param largest: of the weights' integers.
    """
    twins = {
        node.output.name: _twin(node, largest)
        for node in layers(graph)
        if len(node.inputs) > 2 and node.inputs[2] is not None
    }
    nodes = [Node(n.op, n.name, n.inputs, n.outputs, dict(n.attributes)) for n in graph.nodes]
    both = Graph(graph.name, graph.inputs, graph.outputs, [*nodes, *twins.values()])
    names = [name for exact, twin in twins.items() for name in (exact, twin.output.name)]
    session = Session(both, names)
    sums: dict[str, Array] = {}
    for number, inputs in enumerate(samples):
        progress("correcting biases", number, len(samples))
        values = session.run(inputs)
        for name, twin in twins.items():
            error = values[twin.output.name].astype(np.float64) - values[name]
            channels = 1 if twin.op in ("Conv", "ConvTranspose") else error.ndim - 1
            others = tuple(axis for axis in range(error.ndim) if axis != channels)
            sums[name] = sums.get(name, 0.0) + error.mean(others)
    return {name: total / len(samples) for name, total in sums.items()}


def _twin(node: Node, largest: int) -> Node:
    """Return the same layer with the numbers that its quantised weights stand for."""
    weights, axis = node.input(1), channel_axis(node)
    assert weights.constant is not None, "layers have constant weights"
    integers, scales, _ = quantise_weights(weights.constant, axis, None, 1.0, largest)
    shape = [1] * integers.ndim
    if axis is not None:
        shape[axis] = -1
    rounded = integers * scales.reshape(shape)
    name = f"{node.output.name}/rounded"
    inputs = [node.input(0), Value(f"{name}/weights", weights.shape, constant=rounded)]
    output = Value(name, node.output.shape)
    return Node(node.op, name, [*inputs, *node.inputs[2:]], [output], dict(node.attributes))
