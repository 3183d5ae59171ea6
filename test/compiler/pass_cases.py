"""What the tests of passes share: layers, and a check of the graph after every single pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
from small_models import assert_same, load_model, node, weights

from edge_compiler.ir.graph import Graph
from edge_compiler.ir.printer import text
from edge_compiler.passes import PASSES
from edge_perception.runtime.manifest import Fusion

IMAGE = {"x": [1, 4, 6, 6]}
CONV = {"w": weights(4, 4, 3, 3), "bias": weights(4)}


def conv(source: str, result: str, w: str = "w bias", **attributes: Any) -> onnx.NodeProto:
    return node("Conv", f"{source} {w}", result, **{"pads": [1, 1, 1, 1]} | attributes)


def optimised(model: onnx.ModelProto, folder: Path) -> tuple[Graph, list[Fusion]]:
    """Optimise, comparing with the model after every single pass."""
    graph = load_model(model, folder)
    assert_same(graph, model)
    decisions = []
    for step in PASSES:
        decisions += step.run(graph)
        assert_same(graph, model)
        assert_linked(graph)
    assert text(graph)
    assert len({n.name for n in graph.nodes}) == len(graph.nodes)
    return graph, decisions


def assert_linked(graph: Graph) -> None:
    """Compare what the graph knows of its values with what its nodes say."""
    for value in {*graph.inputs, *(v for n in graph.nodes for v in (*n.reads(), *n.outputs))}:
        assert graph.producer(value) is next((n for n in graph.nodes if value in n.outputs), None)
        readers = [n for n in graph.nodes if value in tuple(n.reads())]
        assert graph.consumers(value) == readers
        sole = len(readers) == 1 and value not in graph.outputs
        assert graph.sole_consumer(value) is (readers[0] if sole else None)


def ops(graph: Graph) -> list[str]:
    return [n.op for n in graph.nodes]


def batch_norm(source: str, result: str, opset: int = 21) -> onnx.NodeProto:
    return node("BatchNormalization", f"{source} s o m v", result, epsilon=1e-3)


NORM = {"s": weights(4), "o": weights(4), "m": weights(4), "v": weights(4, low=0.1, high=2)}
