"""What can be said of a model before it is compiled."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge_compiler import frontend, passes
from edge_compiler.frontends import as_onnx
from edge_compiler.ir.graph import Graph
from edge_compiler.ops import macs
from edge_compiler.refusal import Refusal
from edge_compiler.targets.base import Target
from edge_compiler.targets.refusals import refusals


@dataclass(frozen=True)
class Analysis:
    """
    The size of a model.

    :ivar types: element types of inputs and outputs.
    :ivar operators: number of nodes by operator, as in the file.
    :ivar activation_bytes: the most that the values alive at one time take, after optimisation.
    """

    name: str
    inputs: Mapping[str, tuple[int, ...]]
    outputs: Mapping[str, tuple[int, ...]]
    types: Mapping[str, str]
    operators: Mapping[str, int]
    nodes_after_optimisation: int
    macs: int
    parameters: int
    weight_bytes: int
    activation_bytes: int
    unsupported: tuple[Refusal, ...]


def analyze(
    model: Path,
    shapes: Mapping[str, tuple[int, ...]],
    target: Target,
    dimensions: Mapping[str, int] | None = None,
) -> Analysis:
    """
    Read and optimise a model, and measure it.

    :param shapes: of inputs, instead of those in the file.
    :param dimensions: sizes of those that the file only names.

    :raises CompileError: if it can't be read.
    """
    with as_onnx(model) as file:
        graph = frontend.load(file, shapes, dimensions)
    operators = Counter(node.op for node in graph.nodes)
    passes.optimise(graph)  # also computes the weights that the file only says how to make
    constants = graph.constants()
    return Analysis(
        name=graph.name,
        inputs={value.name: value.shape for value in graph.inputs},
        outputs={value.name: value.shape for value in graph.outputs},
        types={value.name: value.type.name for value in (*graph.inputs, *graph.outputs)},
        operators=dict(operators.most_common()),
        nodes_after_optimisation=len(graph.nodes),
        macs=sum(macs(node) for node in graph.nodes),
        parameters=sum(value.size for value in constants),
        weight_bytes=sum(value.bytes for value in constants),
        activation_bytes=_peak_bytes(graph),
        unsupported=tuple(refusals(graph, target)),
    )


def _peak_bytes(graph: Graph) -> int:
    """Return the most bytes alive at once: from the writer of a value to its last reader."""
    last_read = dict.fromkeys(graph.outputs, len(graph.nodes))
    for index, node in enumerate(graph.nodes):
        for value in (*node.outputs, *node.reads()):
            if value.constant is None:
                last_read[value] = max(index, last_read.get(value, 0))
    dying: dict[int, int] = defaultdict(int)
    for value, index in last_read.items():
        dying[index] += value.bytes
    alive = peak = sum(value.bytes for value in graph.inputs)
    for index, node in enumerate(graph.nodes):
        alive += sum(value.bytes for value in node.outputs)
        peak = max(peak, alive)
        alive -= dying[index]
    return peak
