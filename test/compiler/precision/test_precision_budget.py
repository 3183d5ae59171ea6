"""How much worse than the float model integers are, and layers that return to float32."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
import json
from pathlib import Path
import shutil
from typing import Any

from edgec_cases import Capture, refusal, run_json
import numpy as np
import pytest
from small_models import load_model, make_model, node

from edge_compiler.description.describe import describe, Description, Overrides
from edge_compiler.description.metadata import stated_accuracy
from edge_compiler.errors import CompileError
from edge_compiler.frontend import load
from edge_compiler.ir.graph import Graph
from edge_compiler.precision.budget import choose, OverBudgetError, Trials
from edge_compiler.precision.calibrate import calibrate
from edge_compiler.precision.judge import AGREEMENTS, Judge, measure_of, Pairs
from edge_compiler.precision.labelled import read_validation
from edge_compiler.precision.quantise import quantise
from edge_compiler.precision.samples import tensors
from edge_compiler.precision.share import Ranges
from edge_perception.decode.detections import Detections
from edge_perception.runtime import BundleError, LoadedModel, read_manifest
from edge_perception.runtime import load as load_bundle
from edge_perception.runtime.schema import encode
from edge_perception.runtime.selftest import read_selftest, run_selftest

Array = np.ndarray[Any, Any]


def _quiet(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True)
class Case:
    """A network of which the second of three layers can't be told by 8 bits."""

    graph: Graph
    ranges: Ranges
    judge: Judge


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Return layers of which one adds up what cancels."""
    folder = tmp_path_factory.mktemp("budget")
    generator = np.random.default_rng(4)
    cancels = np.eye(8, dtype=np.float32)
    cancels[:, 0] = 300  # of all results, the same: it hides what tells them apart
    nodes = [
        node("Gemm", "x w1 b1", "first"),
        node("Gemm", "first w2", "hidden"),
        node("Gemm", "hidden w3", "last"),
    ]
    back = np.linalg.inv(cancels).astype(np.float32)
    w1 = generator.normal(0, 1, (8, 8)).astype(np.float32)
    constants = {"w1": w1, "b1": np.ones(8, np.float32), "w2": cancels.T, "w3": back.T}
    graph = load_model(make_model(nodes, {"x": [1, 8]}, constants), folder)
    np.savez(folder / "x.npz", x=generator.normal(0, 1, (40, 1, 8)).astype(np.float32))
    samples = tensors(folder / "x.npz", graph)
    ranges = calibrate(graph, samples, "minmax", _quiet)
    return Case(graph, ranges, Judge(graph, Description("net", ""), samples, None, _quiet))


def _choose(case: Case, budget: float | None, file: Path | None = None) -> Any:
    write = partial(quantise, case.graph, case.ranges)
    return choose(case.graph, Trials(case.graph, write, case.judge, file), budget, _quiet)


def test_the_worst_layers_return_to_float32(case: Case) -> None:
    whole = _choose(case, None)
    assert whole.floats == ()
    assert whole.score.drop > 0.2
    chosen = _choose(case, 0.05)
    assert chosen.score.drop <= 0.05
    assert 1 <= len(chosen.floats) < 3
    assert set(chosen.floats) <= {"hidden", "last"}  # between them are numbers that need digits
    assert [point.integer_macs for point in chosen.curve] == sorted(
        (point.integer_macs for point in chosen.curve), reverse=True
    )
    assert chosen.curve[0].drop == whole.score.drop
    assert chosen.curve[-1].drop == chosen.score.drop


def test_what_no_layer_is_within_is_refused_with_the_nearest(case: Case) -> None:
    with pytest.raises(OverBudgetError, match=r"the nearest loses .* allow that with --max-drop"):
        _choose(case, 0.0)


def test_a_search_goes_on_where_it_was_interrupted(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "trials.json"
    judged = []
    judge: Callable[..., Any] = case.judge.judge

    def counted(graph: Graph, most: int | None = None) -> Any:
        judged.append(graph)
        if len(judged) == 3:
            raise KeyboardInterrupt
        return judge(graph, most)

    monkeypatch.setattr(case.judge, "judge", counted)
    with pytest.raises(KeyboardInterrupt):
        _choose(case, 0.05, file)
    resumed = _choose(case, 0.05, file)
    tried = len(judged)
    monkeypatch.undo()
    assert resumed == _choose(case, 0.05, file)
    # what was known when it was interrupted is not tried again
    assert tried == 1 + len(json.loads(file.read_text()))


def _box(*edges: float) -> Detections:
    return Detections(
        labels=("thing",),
        classes=np.array([1], np.int32),
        scores=np.ones(1, np.float32),
        boxes=np.array([edges], np.float32),
    )


def _classes(*classes: int) -> Detections:
    return Detections(("",) * len(classes), np.array(classes, np.int32))


def _vector(*numbers: float) -> Detections:
    vector = np.array([numbers], np.float32)
    return Detections(("",), np.zeros(1, np.int32), np.ones(1, np.float32), embeddings=vector)


@pytest.mark.parametrize(
    ("pairs", "measure", "agreement"),
    [
        ([(_classes(3, 1), _classes(3, 2)), (_classes(5), _classes(4))], "top-1", 1 / 2),
        (
            [(_box(0, 0, 9, 9), _box(0, 0, 9, 8)), (_box(0, 0, 4, 4), _box(5, 5, 9, 9))],
            "boxes",
            0.5,
        ),
        ([(_box(0, 0, 9, 9), _classes()), (_box(0, 0, 4, 4), _box(0, 0, 4, 4))], "boxes", 2 / 3),
        (
            [(_vector(1, 0), _vector(1, 1)), (_vector(0, 2), _vector(0, 1))],
            "embeddings",
            0.8535534,
        ),
    ],
)
def test_agreement_is_counted(pairs: Pairs, measure: str, agreement: float) -> None:
    assert measure_of([exact for exact, _ in pairs]) == measure
    assert AGREEMENTS[measure](pairs) == pytest.approx(agreement)


def test_labels_come_from_folders_and_lists(tiny_onnx: Path, photo: Path, tmp_path: Path) -> None:
    graph = load(tiny_onnx)
    description = describe(graph, tiny_onnx, Overrides())
    for name in ("red", "blue"):
        (tmp_path / "known" / name).mkdir(parents=True)
        shutil.copy(photo, tmp_path / "known" / name / "a.png")
    samples, labels = read_validation(tmp_path / "known", graph, description)
    assert len(samples) == 2
    assert labels == [description.labels.index(name) for name in ("blue", "red")]
    (tmp_path / "list.csv").write_text("known/red/a.png,red\nknown/blue/a.png,0\n")
    assert read_validation(tmp_path / "list.csv", graph, description)[1] == [
        description.labels.index("red"),
        0,
    ]
    (tmp_path / "list.csv").write_text("known/red/a.png,rad\n")
    with pytest.raises(CompileError, match=r"no class is called 'rad'; did you mean 'red'"):
        read_validation(tmp_path / "list.csv", graph, description)
    (tmp_path / "list.csv").write_text("known/red/a.png\n")
    with pytest.raises(CompileError, match=r"line 1: expected a picture and its class"):
        read_validation(tmp_path / "list.csv", graph, description)
    assert read_validation(photo.parent, graph, description)[1] is None


def test_a_file_says_what_was_lost(
    tiny_onnx: Path, photo: Path, tmp_path: Path, capsys: Capture
) -> None:
    for name in ("red", "green", "blue"):
        (tmp_path / name).mkdir()
        shutil.copy(photo, tmp_path / name)
    command = ("quantise", tiny_onnx, "-o", tmp_path / "tiny.onnx", "--calibration", photo.parent)
    found = run_json(capsys, *command, "--validation", tmp_path, "--max-drop", "1%")
    assert isinstance(found, dict)
    accuracy = found["accuracy"]
    assert (accuracy["measure"], accuracy["drop"], accuracy["samples"]) == ("labels", 0, 3)
    assert accuracy["right"] == accuracy["float_right"] == pytest.approx(1 / 3)
    written = load(tmp_path / "tiny.onnx").metadata
    stated = stated_accuracy(written, tmp_path / "tiny.onnx")
    assert stated is not None
    assert encode(stated) == accuracy
    with pytest.raises(CompileError, match=r"edge\.accuracy .* quantise the model again"):
        stated_accuracy({"edge.accuracy": "{}"}, tmp_path / "tiny.onnx")


def test_a_bundle_says_what_was_lost(
    tiny_onnx: Path, photo: Path, tmp_path: Path, capsys: Capture
) -> None:
    bundle = tmp_path / "tiny.edge"
    compile_ = ("compile", tiny_onnx, "-o", bundle, "--precision")
    assert "add --calibration with a folder" in refusal(capsys, *compile_, "int8")
    given = ("--calibration", photo.parent, "--max-drop", "50%", "--keep-source")
    compiled = run_json(capsys, *compile_, "auto", *given)
    assert isinstance(compiled, dict)
    accuracy = compiled["accuracy"]
    assert (accuracy["measure"], accuracy["samples"]) == ("top-1", 1)
    assert accuracy["integer_macs"] > 0.98
    # compared with the quantised model, which the bundle keeps
    verified = run_json(capsys, "verify", bundle)
    assert isinstance(verified, dict)
    assert verified["accuracy"] == accuracy
    assert verified["model"] == str(bundle / "source" / "model.onnx")
    assert "signal to noise" in (bundle / "report.html").read_text("utf-8")
    _check_every_byte(bundle)


def _check_every_byte(bundle: Path) -> None:
    """Check that the self-test refuses a model if one bit of an integer tensor is another."""
    proof, selftest = read_manifest(bundle).proof, read_selftest(bundle, read_manifest(bundle))
    with load_bundle(bundle, selftest=True) as model:
        integers = {step.value for step in model.model.steps if step.dtype in ("int8", "uint8")}
        assert integers - {""} < set(proof.digests)  # which has the floats that they become, too
        for name in proof.digests:
            with pytest.raises(BundleError, match=f"'{name}' is computed in integers"):
                run_selftest(_OneBitOff(model, name), selftest, bundle / "x.npz", proof)


class _OneBitOff:
    """A model that changes one bit of one tensor, and not enough for its outputs to differ."""

    def __init__(self, sound: LoadedModel, value: str) -> None:
        self._sound, self._value, self.model, self.run = sound, value, sound.model, sound.run
        self.variant = sound.variant

    def watch(self, inputs: Mapping[str, Array], each: Callable[[int, int, Any], None]) -> None:
        def changed(step: int, nanoseconds: int, value: Array) -> None:
            if self.model.steps[step].value == self._value:
                value.reshape(-1).view(np.uint8)[-1] ^= 1
            each(step, nanoseconds, value)

        self._sound.watch(inputs, changed)
