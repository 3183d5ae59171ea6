"""``edgec run``: what it prints of an image, and what it refuses."""

from __future__ import annotations

from pathlib import Path

from edgec_cases import Capture, refusal, run, run_json, small
import onnx
from PIL import Image


def test_run_prints_labels_and_scores(tiny_bundle: Path, photo: Path, capsys: Capture) -> None:
    results = run_json(capsys, "run", tiny_bundle, photo, photo, "--top", "2")
    assert isinstance(results, list)
    assert [result["image"] for result in results] == [str(photo)] * 2
    classes = results[0]["classes"]
    assert len(classes) == 2
    assert classes[0]["score"] >= classes[1]["score"]
    assert {entry["label"] for entry in classes} <= {"red", "green", "blue"}
    assert run("run", tiny_bundle, photo) == 0
    assert f"{classes[0]['label']} ({classes[0]['class']})" in capsys.readouterr().out


def test_bad_images_are_refused(tiny_bundle: Path, tmp_path: Path, capsys: Capture) -> None:
    text = tmp_path / "text.png"
    text.write_text("not a picture")
    assert "is not an image" in refusal(capsys, "run", tiny_bundle, text)
    assert "No such file" in refusal(capsys, "run", tiny_bundle, tmp_path / "none.png")
    Image.new("RGB", (40, 30)).save(tmp_path / "cut.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:60])
    assert "cut.png" in refusal(capsys, "run", tiny_bundle, tmp_path / "cut.png")


def test_model_without_preprocessing_says_what_to_do(tmp_path: Path, capsys: Capture) -> None:
    onnx.save(small(), tmp_path / "small.onnx")
    assert run("compile", tmp_path / "small.onnx", "-o", tmp_path / "small.edge") == 0
    assert "--preprocess FILE.json" in capsys.readouterr().err
    Image.new("RGB", (4, 3)).save(tmp_path / "i.png")
    sentence = refusal(capsys, "run", tmp_path / "small.edge", tmp_path / "i.png")
    assert "has no pre-processing" in sentence
