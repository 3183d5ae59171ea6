"""``edgec compile``: what it writes, and what it refuses to write to."""

from __future__ import annotations

import json
from pathlib import Path
import shutil

from edgec_cases import Capture, refusal, run, run_json
import numpy as np
import onnx
import pytest
from small_models import make_model, node, weights

from edge_perception.runtime import load, read_contents, read_manifest


def test_compile_writes_a_complete_bundle(
    tiny_onnx: Path, photo: Path, tmp_path: Path, capsys: Capture
) -> None:
    bundle = tmp_path / "new.edge"
    result = run_json(
        capsys,
        *("compile", tiny_onnx, "-o", bundle, "--name", "eye", "--keep-source"),
        *("--calibration", photo.parent),
    )
    assert isinstance(result, dict)
    assert result["worst_error"] <= 1e-4
    assert [path.name for path in tmp_path.iterdir()] == ["new.edge"]
    manifest = read_manifest(bundle)
    assert manifest.model.name == "eye"
    assert manifest.model.labels == ("red", "green", "blue")
    assert manifest.proof.inputs == 4  # two random ones, a noisy frame, the photo
    assert {"model.so", "selftest.npz", "source/CMakeLists.txt"} <= set(manifest.files)
    record = read_contents(bundle).record
    assert record.speed is not None
    assert set(record.files) == {"report.json", "report.html"}
    assert (bundle / "source" / "CMakeLists.txt").exists()
    report = json.loads((bundle / "report.json").read_text())
    assert [step["name"] for step in report["steps"]] == [s.name for s in manifest.model.steps]


def test_second_compile_replaces_the_bundle(
    tiny_onnx: Path, tiny_bundle: Path, tmp_path: Path, capsys: Capture
) -> None:
    bundle = shutil.copytree(tiny_bundle, tmp_path / "old.edge")
    (bundle / "model.so").write_bytes(b"old")
    assert run("compile", tiny_onnx, "-o", bundle) == 0
    assert "frames: rgb, stretch, mean" in capsys.readouterr().out
    assert (bundle / "model.so").read_bytes() != b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["old.edge"]


@pytest.mark.parametrize("outputs", [["y"], ["y", "z"]])
def test_model_that_only_renames_compiles(
    outputs: list[str], tmp_path: Path, capsys: Capture
) -> None:
    nodes = [node("Identity", "x", name) for name in outputs]
    onnx.save(make_model(nodes, {"x": [1, 3, 4, 4]}, outputs=outputs), tmp_path / "m.onnx")
    bundle = tmp_path / "m.edge"
    for command in (("compile", tmp_path / "m.onnx", "-o", bundle), ("verify", bundle)):
        assert run(*command) == 0
    assert run("profile", bundle, "--seconds", "0.01") == 0
    assert run("explain", bundle) == 0
    said = capsys.readouterr().out
    assert f"proven: {', '.join(outputs)} on 2 inputs" in said
    assert "its input and output are both named" in said
    with load(bundle) as model:
        given = np.arange(48, dtype=np.float32).reshape(1, 3, 4, 4)
        result = model.run({"x": given})
    assert list(result) == outputs
    for array in result.values():
        np.testing.assert_array_equal(array, given)


def test_two_names_of_one_result_are_both_given(tmp_path: Path) -> None:
    nodes = [node("Conv", "x w", "c"), node("Identity", "c", "y"), node("Identity", "c", "z")]
    model = make_model(nodes, {"x": [1, 3, 6, 6]}, {"w": weights(4, 3, 3, 3)}, ["y", "z"])
    onnx.save(model, tmp_path / "m.onnx")
    assert run("compile", tmp_path / "m.onnx", "-o", tmp_path / "m.edge") == 0
    with load(tmp_path / "m.edge") as compiled:
        result = compiled.run({"x": np.ones((1, 3, 6, 6), np.float32)})
        last = len(compiled.manifest.model.steps) - 1
        assert max(entry.last for entry in compiled.manifest.model.allocations) == last
    assert np.any(result["y"])
    np.testing.assert_array_equal(result["y"], result["z"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not valid JSON"),
        ("[]", "must be a JSON object"),
        ('{"colour": "rgb"}', "unknown field 'colour'; did you mean 'color'?"),
        ('{"color": "hsv"}', "color is 'hsv', expected rgb or bgr or mono"),
        ('{"color": "mono"}', "color is 'mono', but the input 'image' has 3 channels"),
        ('{"resize": "crop"}', "resize is 'crop', expected stretch or letterbox"),
        ('{"mean": [1, 2]}', "mean has 2 numbers, expected 3"),
        ('{"scale": ["x", 1, 1]}', "scale has 'x' where a number is expected"),
        ('{"scale": [1, 1, NaN]}', "has nan where a finite number is expected"),
        ('{"pad_value": 300}', "pad_value is 300, expected a grey level 0..255"),
        ('{"input": "picture"}', "input is 'picture', but the model's is 'image'"),
    ],
)
def test_bad_preprocess_file_is_refused(
    content: str, message: str, tiny_onnx: Path, tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "preprocess.json"
    file.write_text(content)
    sentence = refusal(
        capsys, "compile", tiny_onnx, "-o", tmp_path / "out.edge", "--preprocess", file
    )
    assert str(file) in sentence
    assert message in sentence


def test_bad_output_is_refused_and_left_alone(
    tiny_onnx: Path, tmp_path: Path, capsys: Capture
) -> None:
    folder = tmp_path / "photos.edge"
    folder.mkdir()
    (folder / "holiday.jpg").write_bytes(b"precious")
    assert "is no bundle" in refusal(capsys, "compile", tiny_onnx, "-o", folder)
    assert (folder / "holiday.jpg").read_bytes() == b"precious"
    assert "must end in .edge" in refusal(capsys, "compile", tiny_onnx, "-o", tmp_path / "out")
    nowhere = tmp_path / "no" / "out.edge"
    assert "does not exist" in refusal(capsys, "compile", tiny_onnx, "-o", nowhere)


def test_the_same_model_gives_the_same_bundle_elsewhere(
    tiny_onnx: Path, tmp_path: Path, capsys: Capture
) -> None:
    """But for its record and the report, which say when it was made and how fast it was."""
    made = []
    for place in ("one", "other"):
        (tmp_path / place).mkdir()
        model = shutil.copy(tiny_onnx, tmp_path / place)
        bundle = tmp_path / place / f"{place}.edge"
        run("compile", model, "-o", bundle)
        made.append({p.name: p.read_bytes() for p in bundle.iterdir() if p.is_file()})
    same = {name for name, content in made[0].items() if content == made[1][name]}
    assert same == {"manifest.json", "model.so", "selftest.npz"}
