"""``edgec explain``: what it shows of a bundle."""

from __future__ import annotations

from pathlib import Path
import re

from edgec_cases import Capture, run, run_json
import onnx
from small_models import make_model, node, weights


def test_explain_shows_placement_fusions_and_memory(tiny_bundle: Path, capsys: Capture) -> None:
    assert run("explain", tiny_bundle) == 0
    text = capsys.readouterr().out
    for expected in ("also computes", "fuse-activation", "Memory map", "classification"):
        assert expected in text
    manifest = run_json(capsys, "explain", tiny_bundle)
    assert isinstance(manifest, dict)
    assert manifest["model"]["name"] == "tiny"


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
