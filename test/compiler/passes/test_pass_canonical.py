"""Special cases become more usual operators."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pass_cases import IMAGE, ops, optimised
import pytest
from small_models import make_model, node, weights

from edge_compiler.ir.graph import Activation


def test_special_cases_become_usual_operators(tmp_path: Path) -> None:
    model = make_model(
        [
            node("Sum", "x x", "a"),
            node("Clip", "a zero", "b"),
            node("PRelu", "b slope", "c"),
            node("GlobalAveragePool", "c", "d"),
            node("Flatten", "d", "e"),
            node("MatMul", "e w", "f"),
            node("Add", "f bias", "y"),
        ],
        IMAGE,
        {
            "zero": np.float32(0),
            "slope": np.full((4, 1, 1), 0.25, np.float32),
            "w": weights(4, 7),
            "bias": weights(7),
        },
    )
    graph, _ = optimised(model, tmp_path)
    assert ops(graph) == ["Add", "LeakyRelu", "GlobalAveragePool", "Flatten", "Gemm"]
    assert graph.nodes[0].fused.activation == Activation("Relu")


def test_usual_powers_become_cheaper_operators(tmp_path: Path) -> None:
    exponents = {"one": 1.0, "two": 2.0, "half": 0.5, "minus": -1.0, "three": np.int64(3)}
    constants = {name: np.asarray(number) for name, number in exponents.items()}
    constants = {
        k: a.astype(np.float32) if a.dtype.kind == "f" else a for k, a in constants.items()
    }
    nodes = [node("Pow", f"a {name}", f"{name}_power") for name in exponents]
    outputs = [f"{name}_power" for name in exponents]
    graph, _ = optimised(
        make_model([node("Abs", "x", "a"), *nodes], IMAGE, constants, outputs), tmp_path
    )
    assert sorted(ops(graph)) == ["Abs", "Identity", "Mul", "Pow", "Reciprocal", "Sqrt"]


@pytest.mark.parametrize(
    ("attributes", "becomes"),
    [
        ({"pads": [1, 0, 2, 1]}, "Conv"),
        ({"dilations": [2, 1], "pads": [4, 0, 3, 2], "group": 2}, "Conv"),
        ({"pads": [3, 0, 0, 0]}, "ConvTranspose"),
        ({"strides": [2, 1]}, "ConvTranspose"),
    ],
)
def test_a_transposed_conv_that_enlarges_nothing_is_a_conv(
    tmp_path: Path, attributes: dict[str, Any], becomes: str
) -> None:
    w = weights(4, 6 // attributes.get("group", 1), 3, 3)
    nodes = [node("ConvTranspose", "x w", "y", **attributes)]
    assert ops(optimised(make_model(nodes, IMAGE, {"w": w}), tmp_path)[0]) == [becomes]


def test_computed_bounds_become_maximum_and_minimum(tmp_path: Path) -> None:
    nodes = [
        node("ReduceMean", "x", "low", keepdims=0),
        node("Abs", "low", "high"),
        node("Clip", "x low high", "a"),
        node("Clip", "x low", "b"),
        node("Clip", "x  high", "c"),
        node("Clip", "x zero high", "y"),
    ]
    nodes[4].input[:] = ["x", "", "high"]
    outputs = ["a", "b", "c", "y"]
    graph, _ = optimised(make_model(nodes, IMAGE, {"zero": np.float32(0)}, outputs), tmp_path)
    assert [op for op in ops(graph) if op in ("Clip", "Max", "Min")] == [
        *("Max", "Min", "Max", "Min", "Max", "Min"),
    ]
