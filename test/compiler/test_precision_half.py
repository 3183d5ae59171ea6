"""Weights in float16: what is rounded, what it costs, and that libraries become smaller."""

from __future__ import annotations

from pathlib import Path

from edgec_cases import Capture, refusal, run, run_json
import numpy as np
import onnx
import pytest
from small_models import load_model, make_model, node, weights
from small_models import run as run_model

from edge_compiler.precision.half import round_weights
from edge_perception.runtime import load, read_manifest


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a network of two layers and, between them, what has no weights."""
    path = tmp_path_factory.mktemp("half") / "net.onnx"
    constants = {"w1": weights(32, 20, 3, 3), "b1": weights(32), "w2": weights(24, 32, 1, 1)}
    nodes = [
        node("Conv", "x w1 b1", "first", pads=[1, 1, 1, 1]),
        node("Relu", "first", "positive"),
        node("Conv", "positive w2", "second"),
    ]
    onnx.save(make_model(nodes, {"x": [1, 20, 6, 6]}, constants), path)
    generator = np.random.default_rng(3)
    np.savez(path.with_name("x.npz"), x=generator.normal(size=(4, 1, 20, 6, 6)).astype("f4"))
    return path


def _rounded(path: Path) -> onnx.ModelProto:
    """Return a model whose weights numpy has rounded, but not its biases."""
    proto = onnx.load(path)
    for tensor in proto.graph.initializer:
        array = onnx.numpy_helper.to_array(tensor)
        if array.ndim > 1:
            rounded = array.astype(np.float16).astype(np.float32)
            tensor.CopyFrom(onnx.numpy_helper.from_array(rounded, tensor.name))
    return proto


def test_a_library_computes_with_rounded_weights_in_half_the_memory(
    model: Path, tmp_path: Path, capsys: Capture
) -> None:
    bundle, samples = tmp_path / "net.edge", model.with_name("x.npz")
    given = ("--validation", samples, "--max-drop", "1%", "--keep-source")
    found = run_json(capsys, "compile", model, "-o", bundle, "--precision", "half", *given)
    assert isinstance(found, dict)
    accuracy = found["accuracy"]
    assert (accuracy["precision"], accuracy["measure"]) == ("half", "tensors")
    assert 55 < accuracy["sqnr_db"] < 85  # a rounding of 2**-11 is 66 dB and more below
    x = np.load(samples)["x"][0]
    [expected] = run_model(_rounded(model), {"x": x})
    with load(bundle) as loaded:
        [result] = loaded.run({"x": x}).values()
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)
    layers = (32 * 20 * 9 + 32 * 32) * 2  # channels in whole blocks
    assert read_manifest(bundle).model.weight_bytes <= layers + 2 * 32 * 4
    assert run("verify", bundle) == 0
    assert "weights in float16" in capsys.readouterr().out
    assert "weights in float16" in (bundle / "report.html").read_text("utf-8")


def test_more_than_may_be_lost_is_refused(model: Path, tmp_path: Path, capsys: Capture) -> None:
    half = ("compile", model, "-o", tmp_path / "net.edge", "--precision", "half")
    with pytest.raises(SystemExit):
        run(*half, "--max-drop", "1%")
    assert "--max-drop needs samples" in capsys.readouterr().err
    given = ("--validation", model.with_name("x.npz"), "--max-drop", "0%")
    assert "by weights in float16, more than --max-drop 0.00%" in refusal(capsys, *half, *given)


def test_what_float16_has_not_stays_as_it_is(tmp_path: Path) -> None:
    scales = {"usual": 1.0, "large": 1e6, "small": 1e-6}
    nodes = [node("MatMul", f"x {name}_w", name) for name in scales]
    constants = {f"{name}_w": weights(5, 7) * np.float32(scale) for name, scale in scales.items()}
    graph = load_model(make_model(nodes, {"x": [3, 5]}, constants, list(scales)), tmp_path)
    assert round_weights(graph) == ["large", "small"]
    for name in scales:
        [value] = [each for each in graph.constants() if each.name == f"{name}_w"]
        true = constants[value.name]
        assert value.constant is not None
        assert np.array_equal(value.constant, true) == (name != "usual")
        assert np.all(np.abs(value.constant - true) <= np.maximum(np.abs(true) * 2**-11, 2**-25))
