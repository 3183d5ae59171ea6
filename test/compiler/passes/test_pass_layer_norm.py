"""LayerNormalization is recognised in the arithmetic that it was exported as."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from pass_cases import ops, optimised
import pytest
from small_models import make_model, node, weights

CONSTANTS = {
    "axes": np.array([-1]),
    "same_axes": np.array([2]),
    "first": np.array([1]),
    "two": np.float32(2),
    "epsilon": np.array([1e-5], np.float32),
    "scale": weights(8),
    "shift": weights(8),
}


def layer_norm(axes: str = "same_axes", square: str = "Pow") -> list[onnx.NodeProto]:
    return [
        node("ReduceMean", "x axes", "mean"),
        node("Sub", "x mean", "centred"),
        node(square, "centred two" if square == "Pow" else "centred centred", "squares"),
        node("ReduceMean", f"squares {axes}", "variance"),
        node("Add", "epsilon variance", "sum"),
        node("Sqrt", "sum", "deviation"),
        node("Div", "centred deviation", "normal"),
        node("Mul", "normal scale", "scaled"),
        node("Add", "scaled shift", "y"),
    ]


def optimise(
    folder: Path, nodes: list[onnx.NodeProto], outputs: tuple[str, ...] = ("y",)
) -> list[str]:
    used = {name for n in nodes for name in n.input}
    constants = {name: array for name, array in CONSTANTS.items() if name in used}
    graph, _ = optimised(make_model(nodes, {"x": [2, 5, 8]}, constants, outputs), folder)
    return ops(graph)


@pytest.mark.parametrize("square", ["Pow", "Mul"])
def test_layer_normalization(tmp_path: Path, square: str) -> None:
    assert optimise(tmp_path, layer_norm(square=square)) == ["LayerNormalization"]


def test_deviation_along_another_axis_is_none(tmp_path: Path) -> None:
    assert len(optimise(tmp_path, layer_norm("first"))) == 9


def test_what_is_used_elsewhere_stays(tmp_path: Path) -> None:
    assert len(optimise(tmp_path, layer_norm(), ("y", "centred"))) == 9
