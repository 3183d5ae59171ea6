"""The corpus: networks have names of their own, and what came of each is kept."""

from __future__ import annotations

from pathlib import Path
import subprocess

import onnx
from onnx import helper, TensorProto
import pytest

from bench.corpus import attempts
from bench.corpus.__main__ import entries
from bench.corpus.attempts import attempt, known, PROVEN, REFUSED, UNTRIED
from bench.corpus.entry import Entry
from bench.corpus.packages import ASK_FOR_THE_RATE


def test_networks_have_names_of_their_own() -> None:
    names = [entry.name for entry in entries()]
    assert len(set(names)) == len(names)
    assert set(ASK_FOR_THE_RATE) <= set(names)


def write(path: Path, op: str) -> Path:
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 4]) for name in "xy")
    graph = helper.make_graph([helper.make_node(op, ["x"], ["y"], "odd")], "tiny", [x], [y])
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), path)
    return path


def test_what_came_of_a_network_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    asked = []

    def file(folder: Path) -> Path:
        asked.append(folder)
        return write(folder / "tiny.onnx", "Relu")

    entry = Entry("made/tiny", "made 1", file, options=("--shape-of", "N=1"))
    assert known(entry) is None
    done = attempt(entry, retry=False)
    assert (done.result, done.nodes, done.sentence) == (PROVEN, 1, "")
    assert attempt(entry, retry=False) == done == known(entry)
    assert len(asked) == 2
    assert attempt(entry, retry=True) == done
    assert len(asked) == 2  # a proven one isn't even fetched

    odd = Entry("made/odd", "made 1", lambda folder: write(folder / "odd.onnx", "NonZero"))
    refused = attempt(odd, retry=True)
    assert refused.result == REFUSED
    assert "--shape" in refused.sentence


def test_a_compiler_that_changes_meanwhile_has_refused_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when its branch is rebased while it runs."""
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(attempts, "ROOT", tmp_path)
    source = tmp_path / "edge_compiler" / "a.py"
    source.parent.mkdir()
    source.write_text("before")

    def edgec(*arguments: str) -> subprocess.CompletedProcess[str]:
        source.write_text("after") if is_changing else None
        return subprocess.CompletedProcess([], 1, "", "edgec: error: no such operator")

    monkeypatch.setattr(attempts, "_edgec", edgec)
    entry = Entry("made/tiny", "made 1", lambda folder: write(folder / "tiny.onnx", "Relu"))
    for is_changing, result in ((True, UNTRIED), (False, REFUSED)):
        assert attempt(entry, retry=False).result == result
        assert (known(entry) is None) == is_changing
