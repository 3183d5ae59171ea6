"""Nodes that change nothing are removed, and only these."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from pass_cases import IMAGE, ops, optimised
import pytest
from small_models import make_model, node


@pytest.mark.parametrize("opset", [9, 21])
def test_noops_are_removed(tmp_path: Path, opset: int) -> None:
    model = make_model(
        [
            node("Identity", "x", "a"),
            node("Dropout", "a", "b"),
            node("Reshape", "b shape", "c"),
            node("Transpose", "c", "d", perm=[0, 1, 2, 3]),
            node("Concat", "d", "e", axis=1),
            node("Relu", "e", "f"),
            node("Identity", "f", "y"),
        ],
        IMAGE,
        {"shape": np.array([1, 4, 6, 6])},
        opset=opset,
    )
    graph, _ = optimised(model, tmp_path)
    assert ops(graph) == ["Relu"]
    assert graph.nodes[0].output.name == "y"


def test_a_noop_between_input_and_output_stays(tmp_path: Path) -> None:
    graph, decisions = optimised(make_model([node("Identity", "x", "y")], IMAGE), tmp_path)
    assert ops(graph) == ["Identity"]
    assert [d.done for d in decisions] == [False]


def test_what_is_decided_at_run_time_is_no_noop(tmp_path: Path) -> None:
    model = make_model(
        [
            node("ReduceMax", "x", "m", keepdims=0),
            node("Cast", "m", "training", to=onnx.TensorProto.BOOL),
            node("Dropout", "x ratio training", "y"),
        ],
        IMAGE,
        {"ratio": np.float32(0)},
    )
    assert "Dropout" in ops(optimised(model, tmp_path)[0])


def test_a_used_dropout_mask_keeps_the_dropout(tmp_path: Path) -> None:
    model = make_model(
        [
            node("Dropout", "x", "y mask"),
            node("Cast", "mask", "z", to=onnx.TensorProto.FLOAT),
        ],
        IMAGE,
        outputs=["y", "z"],
    )
    assert "Dropout" in ops(optimised(model, tmp_path)[0])


def test_transpose_without_order_reverses(tmp_path: Path) -> None:
    model = make_model([node("Transpose", "x", "y")], IMAGE)
    graph, _ = optimised(model, tmp_path)
    assert graph.nodes[0].attributes == {"perm": [3, 2, 1, 0]}
