"""``edgec run``: what it prints of an image, and what it refuses."""

from __future__ import annotations

from pathlib import Path

from edgec_cases import Capture, refusal, run, run_json, small
import numpy as np
import onnx
from PIL import Image
import pytest
from small_models import make_model, node


def test_run_prints_labels_and_scores(tiny_bundle: Path, photo: Path, capsys: Capture) -> None:
    results = run_json(capsys, "run", tiny_bundle, photo, photo, "--top", "2")
    assert isinstance(results, list)
    assert [result["image"] for result in results] == [str(photo)] * 2
    classes = results[0]["detections"]
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


@pytest.fixture(scope="module")
def painter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile a network whose outputs are red, green and blue of each pixel."""
    folder = tmp_path_factory.mktemp("painter")
    model = make_model([node("Relu", "image", "maps")], {"image": [1, 3, 16, 16]})
    onnx.save(model, folder / "painter.onnx")
    (folder / "labels.txt").write_text("red\ngreen\nblue\n")
    (folder / "frames.json").write_text('{"scale": 0.1, "resize": "letterbox"}')
    arguments = ["--labels", folder / "labels.txt", "--preprocess", folder / "frames.json"]
    bundle = folder / "painter.edge"
    assert run("compile", folder / "painter.onnx", "-o", bundle, *arguments) == 0
    return bundle


def test_what_the_outputs_were_taken_for_is_said(painter: Path, capsys: Capture) -> None:
    assert run("explain", painter) == 0
    assert "segmentation" in (said := capsys.readouterr().out)
    assert "(a map for each of 3 labels)" in said


def test_a_decoder_that_does_not_fit_is_refused(
    painter: Path, tmp_path: Path, capsys: Capture
) -> None:
    frames = painter.parent / "frames.json"
    arguments = ("-o", tmp_path / "m.edge", "--preprocess", frames, "--decoder", "yolox")
    sentence = refusal(capsys, "compile", painter.parent / "painter.onnx", *arguments)
    assert "does not fit its decoder 'yolox'" in sentence
    assert "compile it with another decoder" in sentence


def test_things_with_places_are_printed_and_drawn(
    painter: Path, tmp_path: Path, capsys: Capture
) -> None:
    pixels = np.zeros((32, 64, 3), np.uint8)
    pixels[:, :32, 0] = pixels[:, 32:, 2] = 200
    Image.fromarray(pixels).save(tmp_path / "flag.png")
    out = tmp_path / "seen.png"
    [result] = run_json(capsys, "run", painter, tmp_path / "flag.png", "--draw", out)
    things = {thing["label"]: thing for thing in result["detections"]}
    assert things["red"]["box"] == [0, 0, 32, 32]
    assert things["blue"]["box"] == [32, 0, 64, 32]
    assert things["red"]["mask"] == {"width": 8, "height": 8, "runs": [0, 64]}
    changed = (np.asarray(Image.open(out)) != pixels).any(axis=-1)
    assert changed.mean() > 0.5
    assert run("run", painter, tmp_path / "flag.png") == 0
    assert "at [0, 0, 32, 32], mask of 100% of it" in capsys.readouterr().out
    assert run("run", painter, tmp_path / "flag.png", "--min-score", "1", "--top", "1") == 0
    assert "nothing" not in capsys.readouterr().out


def test_pictures_that_can_not_be_drawn(painter: Path, photo: Path, capsys: Capture) -> None:
    nowhere = photo.parent / "none" / "seen.png"
    assert f"cannot write {nowhere}" in refusal(capsys, "run", painter, photo, "--draw", nowhere)
    for arguments in ((photo, photo, "--draw", "a.png"), (photo, "--draw", "a.exe")):
        with pytest.raises(SystemExit):
            run("run", painter, *arguments)
        assert "--draw" in capsys.readouterr().err
