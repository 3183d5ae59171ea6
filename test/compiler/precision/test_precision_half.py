"""Weights in float16: what is rounded, what it costs, and that libraries become smaller."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from edgec_cases import Capture, refusal, run, run_json
import numpy as np
import onnx
import pytest
from small_models import load_model, make_model, node, RUNNABLE, weights
from small_models import run as run_model

from edge_compiler import frontend
from edge_compiler.description.describe import Overrides
from edge_compiler.ir.graph import Graph
from edge_compiler.precision.budget import OverBudgetError
from edge_compiler.precision.half import round_file, round_weights, Rounding
from edge_compiler.precision.network import Source
from edge_compiler.precision.session import Session
from edge_compiler.proof.answers import right_answers
from edge_compiler.proof.difference import TOLERANCE
from edge_compiler.sandbox import Sandbox
from edge_perception.runtime import load, read_manifest
from edge_perception.runtime.manifest import Model
from edge_perception.runtime.proof import LARGEST_TOLERANCE, Proof
from edge_perception.runtime.selftest import allowed_error

Arrays = Mapping[str, np.ndarray[Any, Any]]


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


def _signal_to_noise(model: Path, bundle: Path, variant: str) -> float:
    """Return how much larger a library's outputs are than what they lack to ONNX Runtime's."""
    signal, noise = [], []
    with load(bundle, variant=variant) as loaded:
        for x in np.load(model.with_name("x.npz"))["x"]:
            [result] = loaded.run({"x": x}).values()
            [expected] = run_model(onnx.load(model), {"x": x})
            signal.append(np.sum(expected.astype(np.float64) ** 2))
            noise.append(np.sum((result - expected.astype(np.float64)) ** 2))
    return float(10 * np.log10(np.sum(signal) / np.sum(noise)))


def test_a_library_computes_with_rounded_weights_in_half_the_memory(
    model: Path, tmp_path: Path, capsys: Capture
) -> None:
    bundle, samples = tmp_path / "net.edge", model.with_name("x.npz")
    given = ("--validation", samples, "--max-drop", "1%", "--keep-source")
    found = run_json(capsys, "compile", model, "-o", bundle, "--precision", "half", *given)
    assert isinstance(found, dict)
    accuracy = found["accuracy"]
    assert (accuracy["precision"], accuracy["measure"]) == ("half", "tensors")
    rounding = set(accuracy["variants"]) & set(read_manifest(bundle).model.rounding_variants)
    # a rounding of 2**-11 is 66 dB and more below, one of 2**-8 is 48
    assert (40 if rounding else 55) < accuracy["sqnr_db"] < 85
    # the two references are 140 dB from each other: 20 * log10(1 + 10**((71 - 140) / 20)) of 71
    assert accuracy["sqnr_db"] == pytest.approx(
        min(_signal_to_noise(model, bundle, variant) for variant in accuracy["variants"]), abs=0.01
    )
    x = np.load(samples)["x"][0]
    [expected] = run_model(_rounded(model), {"x": x})
    for variant in read_manifest(bundle).model.variants:
        if variant not in RUNNABLE:
            continue
        with load(bundle, variant=variant) as loaded:
            [result] = loaded.run({"x": x}).values()
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-4)
    layers = (32 * 20 * 9 + 32 * 32) * 2  # channels in whole blocks
    assert read_manifest(bundle).model.weight_bytes <= layers + 2 * 32 * 4
    proof = read_manifest(bundle).proof
    assert (proof.tolerance, proof.answers) == (TOLERANCE, 1 + len(proof.rounding_variants))
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


class _Rounding:
    """A library of which one variant adds noise."""

    def __init__(self, graph: Graph, noise: float) -> None:
        self._session, self._noise = Session(graph), noise

    def variants(self, _model: object) -> tuple[str, ...]:
        return ("noisy", "plain")

    def run(self, variant: str, _threads: int, inputs: Arrays) -> Arrays:
        outputs = self._session.run(inputs)
        return {name: x * (1 + self._noise * (variant == "noisy")) for name, x in outputs.items()}


def test_what_a_variant_rounds_counts(model: Path, tmp_path: Path) -> None:
    wanted = Rounding(model.with_name("x.npz"), 0.01)
    source = Source(model, {}, {}, Overrides())
    loss = round_file(source, tmp_path / "net.onnx", wanted, lambda *_: None).loss
    assert loss is not None
    graph = frontend.load(model)
    described = cast(Model, SimpleNamespace(name="net", rounding_variants=("noisy",)))
    library = cast(Sandbox, _Rounding(graph, 0.005))
    found = loss.of(library, described, lambda *_: None)
    assert (found.variants, found.precision) == (("noisy",), "half")
    assert found.drop == pytest.approx(0.005, rel=0.01)
    library = cast(Sandbox, _Rounding(graph, 0.02))
    with pytest.raises(OverBudgetError, match=r"loses 2\.00% with noisy, more than --max-drop 1"):
        loss.of(library, described, lambda *_: None)


def test_variants_that_round_have_an_answer_of_their_own() -> None:
    expected = {"y": np.linspace(-1, 1, 50, dtype=np.float32)}
    near = {"y": expected["y"] * np.float32(1 + 2e-5)}
    rounding = {"y": expected["y"] * np.float32(1.02)}
    answers = right_answers([[near, expected], [rounding, rounding]], expected)
    assert (len(answers.right), answers.choices, answers.tolerance) == (2, 1, TOLERANCE)
    assert [answer["y"][-1] for answer in answers.right] == [1, np.float32(1.02)]
    assert right_answers([[expected], [near]], expected).right == (expected,)


def test_only_what_was_proven_can_be_compared_narrowly() -> None:
    model = cast(Model, SimpleNamespace(rounding_variants=("pairs", "others")))
    proof = Proof("", TOLERANCE, 0.0, "", 1, rounding_variants=("pairs",))
    allowed = [allowed_error(proof, model, variant) for variant in ("pairs", "plain", "others")]
    assert allowed == [TOLERANCE, TOLERANCE, LARGEST_TOLERANCE]


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
