"""``edgec analyze`` and ``edgec ops``: what they say of models and of operators."""

from __future__ import annotations

import json
from pathlib import Path

from edgec_cases import Capture, run, run_json
import numpy as np
import onnx
from onnx import numpy_helper
from small_models import make_model, node, weights


def test_analyze_counts_and_finds_what_is_unsupported(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "model.onnx"
    nodes = [
        node("Conv", "x w", "c"),
        node("RandomNormalLike", "c", "e", name="odd"),
        node("Relu", "e", "y"),
    ]
    onnx.save(make_model(nodes, {"x": [1, 2, 5, 5]}, {"w": weights(4, 2, 3, 3)}), path)
    assert run("analyze", path, "--json") == 1
    result = json.loads(capsys.readouterr().out)
    assert result["operators"] == {"Conv": 1, "RandomNormalLike": 1, "Relu": 1}
    assert result["macs"] == 4 * 2 * 9 * 9
    assert result["parameters"] == 4 * 2 * 9
    assert [(entry["node"], entry["op"]) for entry in result["unsupported"]] == [
        ("odd", "RandomNormalLike")
    ]
    assert run("analyze", path) == 1
    assert "the operator RandomNormalLike is not supported" in capsys.readouterr().out


def test_analyze_counts_parameters_that_the_file_only_describes(
    tmp_path: Path, capsys: Capture
) -> None:
    shape = numpy_helper.from_array(np.array([4, 2, 3, 3]), "shape")
    value = numpy_helper.from_array(np.array([0.5], np.float32))
    nodes = [node("ConstantOfShape", "shape", "w", value=value), node("Conv", "x w", "y")]
    model = make_model(nodes, {"x": [1, 2, 5, 5]})
    model.graph.initializer.append(shape)
    onnx.save(model, tmp_path / "m.onnx")
    result = run_json(capsys, "analyze", tmp_path / "m.onnx")
    assert isinstance(result, dict)
    assert result["parameters"] == 4 * 2 * 9


def test_ops_lists_operators_of_onnx_only(capsys: Capture) -> None:
    names = [entry["operator"] for entry in run_json(capsys, "ops")]  # type: ignore[attr-defined]
    assert {"Conv", "Relu", "Softmax"} <= set(names)
    assert "ChannelAffine" not in names
    assert run("ops", "--markdown") == 0
    assert "| Conv |" in capsys.readouterr().out


def test_analyze_groups_what_is_unsupported(tmp_path: Path, capsys: Capture) -> None:
    """By operator and reason, shapes aside, with what to change."""
    path = tmp_path / "model.onnx"
    nodes = [
        node("RandomNormalLike", "x", "a", name="first"),
        node("RandomNormalLike", "z", "b", name="second"),
        node("Det", "d", "y"),
    ]
    inputs = {"x": [1, 2], "z": [1, 3], "d": [2, 2]}
    onnx.save(make_model(nodes, inputs, outputs=["a", "b", "y"]), path)
    assert run("analyze", path) == 1
    said = capsys.readouterr().out
    assert "2 node(s): first, second" in said
    assert "let the noise be an input" in said
    assert run("analyze", path, "--json") == 1
    assert len(json.loads(capsys.readouterr().out)["unsupported"]) == 3
