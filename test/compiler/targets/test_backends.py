"""Whether any number of back ends work in one library: placed, joined, proven."""

from dataclasses import replace
from pathlib import Path

from extra_backends import OneOperator
import onnx
import pytest
from small_models import make_model, node, with_variants

from edge_compiler import cli, targets
from edge_compiler.compile import compile_model, Options
from edge_compiler.errors import CompileError
from edge_compiler.proof.proving import complete
from edge_compiler.targets.base import BuildOptions
from edge_compiler.targets.program.variants import BASELINE
from edge_perception.runtime import check_variants, read_manifest
from edge_perception.runtime.manifest import Manifest

TANH = OneOperator("curve", "Tanh", "tanhf(x)")
SIGMOID = OneOperator("logistic", "Sigmoid", "1 / (1 + expf(-x))")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a model in which three back ends alternate."""
    nodes = [
        node("Tanh", "x", "a", name="tanh1"),
        node("MaxPool", "a", "b", name="pool", kernel_shape=[3, 3]),
        node("Sigmoid", "b", "c", name="sigmoid"),
        node("Softmax", "c", "d", name="softmax", axis=1),
        node("Tanh", "d", "y", name="tanh2"),
    ]
    path = tmp_path / "model.onnx"
    onnx.save(make_model(nodes, {"x": [1, 20, 9, 11]}), path)
    return path


def compiled(
    model: Path, monkeypatch: pytest.MonkeyPatch, *others: OneOperator, **places: str
) -> Manifest:
    """Compile for a target with other back ends."""
    host = replace(with_variants("host", BASELINE), others=others)
    monkeypatch.setitem(targets.TARGETS, "host", host)
    options, bundle = Options(build=BuildOptions(places=places)), model.with_suffix(".edge")
    return compile_model(model, bundle, options, lambda *_: None)


def test_three_back_ends_in_one_library_are_proven(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"tanh1": "curve", "sigmoid": "logistic", "tanh2": "curve"}
    manifest = compiled(model, monkeypatch, TANH, SIGMOID, **places)
    steps = {step.name: step for step in manifest.model.steps}
    backends = {name: step.backend for name, step in steps.items() if step.value}
    assert backends == {"pool": "c", "softmax": "c"} | places
    assert steps["tanh1"].reason == "wanted by --place"
    assert steps["pool"].reason == "curve runs Tanh only; logistic runs Sigmoid only"
    assert manifest.model.compiler.endswith(", curve 1.0, logistic 1.0")
    check_variants(model.with_suffix(".edge"))


def test_a_back_end_that_runs_nothing_is_not_in_the_library(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = compiled(model, monkeypatch, TANH, SIGMOID, sigmoid="logistic")
    assert {step.backend for step in manifest.model.steps} == {"c", "logistic"}
    assert "curve" not in manifest.model.compiler


def test_a_wrong_back_end_is_found_out(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = replace(SIGMOID, formula="1 / (1 + expf(-x)) + 1e-3f")
    with pytest.raises(CompileError, match="is wrong at node 'sigmoid'"):
        compiled(model, monkeypatch, TANH, wrong, sigmoid="logistic", tanh1="curve")


def test_a_proof_is_pending_till_the_device_is_there(
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Compile for a device that is not here; it runs here all the same, so it can be verified."""
    bundle, elsewhere = model.with_suffix(".edge"), replace(SIGMOID, missing="a slide rule")
    proof = compiled(model, monkeypatch, TANH, elsewhere, sigmoid="logistic").proof
    assert (proof.state, proof.missing, proof.inputs) == ("pending", "a slide rule", 0)
    assert "needs a slide rule; run edgec verify" in proof.caveat
    assert cli.main(["explain", str(bundle)]) == 0
    assert "pending: it needs a slide rule" in capsys.readouterr().out
    away = model.rename(model.with_name("away.onnx"))
    assert cli.main(["verify", str(bundle)]) != 0
    assert "is pending and needs the model" in capsys.readouterr().err
    assert cli.main(["verify", str(bundle), "--model", str(away)]) == 0
    assert "completed, it was pending until now" in capsys.readouterr().out
    proof = read_manifest(bundle).proof
    assert (proof.state, proof.caveat) == ("proven", "")
    assert proof.inputs > 0
    check_variants(bundle)
    assert cli.main(["verify", str(bundle), "--model", str(away)]) == 0
    assert "completed" not in capsys.readouterr().out


def test_what_turns_out_to_be_wrong_on_the_device_stays_pending(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = replace(SIGMOID, formula="1 / (1 + expf(-x)) + 1e-3f", missing="a slide rule")
    compiled(model, monkeypatch, wrong, sigmoid="logistic")
    bundle = model.with_suffix(".edge")
    with pytest.raises(CompileError, match="is wrong at node 'sigmoid'"):
        complete(bundle, read_manifest(bundle), model, lambda *_: None)
    assert read_manifest(bundle).proof.state == "pending"


def test_a_library_that_runs_nothing_there_needs_no_device(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = replace(SIGMOID, missing="a slide rule")
    manifest = compiled(model, monkeypatch, TANH, elsewhere, tanh1="curve")
    assert manifest.proof.state == "proven"


def test_a_wish_for_a_back_end_that_the_target_lacks(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = "--place sigmoid=logistics: the target has no back end 'logistics'; did you mean"
    with pytest.raises(CompileError, match=message):
        compiled(model, monkeypatch, SIGMOID, sigmoid="logistics")
    with pytest.raises(CompileError, match=r"'pool' can't run there: logistic runs Sigmoid only"):
        compiled(model, monkeypatch, SIGMOID, pool="logistic")
