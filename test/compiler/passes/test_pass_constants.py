"""Constants are computed by the compiler."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from pass_cases import IMAGE, ops, optimised
import pytest
from small_models import assert_same, load_model, make_model, node, weights

from edge_compiler.errors import CompileError
from edge_compiler.passes import optimise


def test_constants_are_computed(tmp_path: Path) -> None:
    model = make_model(
        [
            node("Shape", "x", "shape"),
            node("Gather", "shape one", "channels"),
            node("Cast", "channels", "number", to=onnx.TensorProto.FLOAT),
            node("Sqrt", "number", "root"),
            node("ConstantOfShape", "size", "zeros"),
            node("Add", "zeros root", "sum"),
            node("Mul", "x sum", "y"),
        ],
        IMAGE,
        {"one": np.array(1), "size": np.array([1, 1, 6, 6])},
    )
    graph, decisions = optimised(model, tmp_path)
    assert ops(graph) == ["Mul"]
    assert sum(d.pass_name == "fold-constants" and d.done for d in decisions) == 6


def test_elements_are_gathered_of_many_rows(tmp_path: Path) -> None:
    """The reference of ONNX knows 64 at most."""
    constants = {"table": weights(100, 3), "rows": np.array([[99, -1], [0, 70]])}
    nodes = [node("GatherElements", "table rows", "c"), node("Add", "x c", "y")]
    model = make_model(nodes, {"x": [2, 2]}, constants)
    graph, _ = optimised(model, tmp_path)
    assert ops(graph) == ["Add"]
    assert_same(graph, model)


def test_outputs_of_which_none_is_computed_are_refused(tmp_path: Path) -> None:
    nodes = [node("Relu", "x", "y"), node("Neg", "c", "z")]
    constants = {"c": weights(2)}
    optimise(load_model(make_model(nodes, IMAGE, constants, outputs=["y", "z"]), tmp_path))
    model = make_model(nodes[1:], IMAGE, constants, outputs=["z"])
    with pytest.raises(CompileError, match="output 'z' doesn't depend on any input"):
        optimise(load_model(model, tmp_path))
