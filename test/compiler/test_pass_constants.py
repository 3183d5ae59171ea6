"""Constants are computed by the compiler."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from pass_cases import IMAGE, ops, optimised
import pytest
from small_models import load_model, make_model, node, weights

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


def test_a_constant_output_is_refused(tmp_path: Path) -> None:
    model = make_model(
        [node("Relu", "x", "y"), node("Neg", "c", "z")],
        IMAGE,
        {"c": weights(2)},
        outputs=["y", "z"],
    )
    with pytest.raises(CompileError, match="output 'z' doesn't depend on any input"):
        optimise(load_model(model, tmp_path))
