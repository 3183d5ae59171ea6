"""Activations that are written as several nodes are recognised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from pass_cases import CONV, conv, IMAGE, ops, optimised
import pytest
from small_models import make_model, node

THREE = {"three": np.float32(3), "zero": np.float32(0), "six": np.float32(6)}
SIXTH = {"sixth": np.float32(1 / 6)}
RELU6 = [node("Add", "x three", "p"), node("Clip", "p zero six", "c")]
GELU = {
    "root": np.float32(np.sqrt(2)),
    "one": np.float32(1),
    "half": np.float32(0.5),
    "cubic": np.float32(0.044715),
    "slope": np.float32(np.sqrt(2 / np.pi)),
}
ERF = [node("Div", "x root", "d"), node("Erf", "d", "e"), node("Add", "e one", "p")]
TANH = [
    node("Pow", "x three", "x3"),
    node("Mul", "x3 cubic", "s"),
    node("Add", "x s", "t"),
    node("Mul", "slope t", "u"),
    node("Tanh", "u", "e"),
    node("Add", "one e", "p"),
]


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([node("Sigmoid", "x", "s"), node("Mul", "x s", "y")], "SiLU"),
        ([node("Sigmoid", "x", "s"), node("Mul", "s x", "y")], "SiLU"),
        ([node("HardSigmoid", "x", "s", alpha=1 / 6), node("Mul", "x s", "y")], "HardSwish"),
        ([*RELU6, node("Div", "c six", "s"), node("Mul", "x s", "y")], "HardSwish"),
        ([*RELU6, node("Mul", "x c", "s"), node("Div", "s six", "y")], "HardSwish"),
        ([*RELU6, node("Mul", "c x", "s"), node("Mul", "sixth s", "y")], "HardSwish"),
        ([*RELU6, node("Mul", "c sixth", "y")], "HardSigmoid"),
        ([*ERF, node("Mul", "x p", "q"), node("Mul", "q half", "y")], "Gelu"),
        ([*ERF, node("Mul", "half x", "q"), node("Mul", "q p", "y")], "Gelu"),
        ([*ERF, node("Mul", "p half", "q"), node("Mul", "x q", "y")], "Gelu"),
        ([*TANH, node("Mul", "half x", "q"), node("Mul", "q p", "y")], "GeluTanh"),
    ],
)
def test_activations_of_several_nodes(
    tmp_path: Path, nodes: list[onnx.NodeProto], expected: str
) -> None:
    model = make_model([conv("i", "x"), *nodes], {"i": IMAGE["x"]}, CONV | THREE | SIXTH | GELU)
    graph, _ = optimised(model, tmp_path)
    assert ops(graph) == ["Conv"]
    activation = graph.nodes[0].fused.activation
    assert activation is not None
    assert activation.op == expected


@pytest.mark.parametrize(
    "nodes",
    [
        [node("HardSigmoid", "x", "s", alpha=0.2), node("Mul", "x s", "y")],
        [*RELU6, node("Div", "c three", "y")],
        [*RELU6, node("Mul", "p c", "s"), node("Div", "s six", "y")],
        [*ERF, node("Mul", "e half", "q"), node("Mul", "x q", "y")],
    ],
)
def test_what_only_looks_like_an_activation(tmp_path: Path, nodes: list[onnx.NodeProto]) -> None:
    model = make_model(nodes, {"x": [1, 2, 3, 3]}, THREE | GELU)
    graph, _ = optimised(model, tmp_path)
    assert not {"HardSwish", "SiLU", "Gelu"} & set(ops(graph))
