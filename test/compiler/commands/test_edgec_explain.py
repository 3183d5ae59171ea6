"""``edgec explain``: what it shows of a bundle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
import re
import shutil

from edgec_cases import Capture, run, run_json
import onnx
from small_models import make_model, node, weights

from edge_perception.runtime import read_manifest
from edge_perception.runtime.bundle import write_manifest
from edge_perception.runtime.manifest import Decoder


def test_explain_shows_placement_fusions_and_memory(tiny_bundle: Path, capsys: Capture) -> None:
    assert run("explain", tiny_bundle) == 0
    text = capsys.readouterr().out
    for expected in ("also computes", "fuse-activation", "Memory map", "classification"):
        assert expected in text
    manifest = run_json(capsys, "explain", tiny_bundle)
    assert isinstance(manifest, dict)
    assert manifest["model"]["name"] == "tiny"


def test_explain_shows_as_many_digits_as_people_read(
    tiny_bundle: Path, tmp_path: Path, capsys: Capture
) -> None:
    bundle = tmp_path / "tiny.edge"
    shutil.copytree(tiny_bundle, bundle)
    manifest = read_manifest(bundle)
    said = manifest.model.preprocess
    assert said is not None
    model = replace(
        manifest.model,
        preprocess=replace(said, mean=(123.675, 116.28, 103.53), scale=(1 / 255,) * 3),
        decoder=Decoder("boxes", {"iou": 0.44999998807907104, "sizes": [1 / 3, 2]}),
    )
    write_manifest(bundle, replace(manifest, model=model))
    assert run("explain", bundle) == 0
    text = capsys.readouterr().out
    assert "mean 123.675, 116.28, 103.53, scale 0.00392157\n" in text
    assert 'boxes {"iou": 0.45, "sizes": [0.333333, 2]}\n' in text
    kept = run_json(capsys, "explain", bundle)
    assert kept["model"]["preprocess"]["scale"] == [1 / 255] * 3
    assert kept["model"]["decoder"]["parameters"]["iou"] == 0.44999998807907104


def test_explain_lists_alike_decisions_together(tmp_path: Path, capsys: Capture) -> None:
    names = ["x", *(f"{kind}{i}" for i in range(5) for kind in "cr")]
    nodes = [
        node(op, f"{source} w" if op == "Conv" else source, result, name=result)
        for op, source, result in zip(["Conv", "Relu"] * 5, names, names[1:], strict=False)
    ]
    model = make_model(nodes, {"x": [1, 4, 5, 5]}, {"w": weights(4, 4, 1, 1)})
    onnx.save(model, tmp_path / "m.onnx")
    assert run("compile", tmp_path / "m.onnx", "-o", tmp_path / "m.edge") == 0
    capsys.readouterr()
    assert run("explain", tmp_path / "m.edge") == 0
    text = capsys.readouterr().out
    assert re.search(r"fuse-activation +5 +yes +applies Relu +c0, c1, c2 and 2 more", text)
    assert run("explain", tmp_path / "m.edge", "--all") == 0
    assert re.search(r"fuse-activation +c4 +yes +applies Relu", capsys.readouterr().out)


def test_explain_names_one_of_many_nodes_of_a_step(tmp_path: Path, capsys: Capture) -> None:
    nodes = [
        node("Conv", "x w", "c", name="c"),
        node("Mul", "c two", "m", name="m"),
        node("Relu", "m", "r", name="r"),
    ]
    model = make_model(
        nodes, {"x": [1, 4, 5, 5]}, {"w": weights(4, 4, 1, 1), "two": weights(4, 1, 1)}
    )
    onnx.save(model, tmp_path / "m.onnx")
    assert run("compile", tmp_path / "m.onnx", "-o", tmp_path / "m.edge") == 0
    capsys.readouterr()
    assert run("explain", tmp_path / "m.edge") == 0
    assert " m and 1 more" in capsys.readouterr().out
    assert run("explain", tmp_path / "m.edge", "--all") == 0
    assert " m, r" in capsys.readouterr().out
