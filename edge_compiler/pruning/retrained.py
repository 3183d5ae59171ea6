"""The smaller network with weights that were trained since, as its file says."""

from __future__ import annotations

from pathlib import Path

from edge_compiler import frontend, passes
from edge_compiler.errors import CompileError
from edge_compiler.frontends import as_onnx
from edge_compiler.ir.graph import Graph
from edge_compiler.precision.network import Source
from edge_compiler.pruning.channels import Layer
from edge_compiler.pruning.rules import follow_channels


def read_retrained(path: Path, source: Source, expected: Graph) -> Graph:
    """
    Return the network of a file, which must be like another one but for its numbers.

    :param source: what it was made of.
    :param expected: what it is like.
    :raises CompileError: naming the first layer that isn't.
    """
    with as_onnx(path) as file:
        graph = frontend.load(file, source.shapes, source.dimensions)
    passes.optimise(graph, fuse=False)
    for ours, theirs in ((expected.inputs, graph.inputs), (expected.outputs, graph.outputs)):
        if (wanted := [repr(value) for value in ours]) != (found := [repr(v) for v in theirs]):
            raise CompileError(
                f"{path} is no smaller {source.model.name}: it has {', '.join(found)}, expected "
                f"{', '.join(wanted)}"
            )
    wanted_layers, layers = follow_channels(expected).layers, follow_channels(graph).layers
    if len(layers) != len(wanted_layers):
        raise CompileError(
            f"{path} is no smaller {source.model.name}: it has {len(layers)} layers with weights, "
            f"expected {len(wanted_layers)}"
        )
    for want, layer in zip(wanted_layers, layers, strict=True):
        if _shape(want) != _shape(layer):
            raise CompileError(
                f"{path}: the weights of '{layer.node.name}' are of {_shape(layer)}, expected "
                f"{_shape(want)}, as is left of '{want.node.name}': remove the same channels "
                "as the plan does"
            )
    return graph


def _shape(layer: Layer) -> list[int]:
    """Return the shape of a layer's weights with the output channels first."""
    shape = list(layer.node.input(1).shape)
    return [shape.pop(layer.axis), *shape]
