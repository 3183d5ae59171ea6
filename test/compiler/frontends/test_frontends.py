"""Models of other formats: they become ONNX, and every command takes them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
import shutil

from edgec_cases import Capture, refusal, run, run_json
import onnx
import pytest
from tflite_files import small

from edge_compiler.errors import CompileError
from edge_compiler.frontends import as_onnx
from edge_perception.runtime import read_manifest


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "small.tflite"
    path.write_bytes(small())
    return path


def test_an_onnx_file_is_itself(tiny_onnx: Path) -> None:
    with as_onnx(tiny_onnx) as file:
        assert file == tiny_onnx


def test_a_model_becomes_the_same_bytes_wherever_it_lies(model: Path, tmp_path: Path) -> None:
    """What it is called says nothing: its content does."""
    renamed = Path(shutil.copy(model, tmp_path / "model.onnx"))
    with as_onnx(model) as one, as_onnx(renamed) as other:
        assert one.read_bytes() == other.read_bytes()
        assert (one.name, other.name) == ("small.tflite", "model.onnx")
        said = {prop.key: prop.value for prop in onnx.load(one).metadata_props}
    assert not one.exists()
    assert json.loads(said["edge.provenance"]) == {
        "format": "TensorFlow Lite",
        "source_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
    }


def test_an_error_names_the_file_that_the_user_has(model: Path) -> None:
    with pytest.raises(CompileError, match=f"^{model} is odd$"), as_onnx(model) as file:
        raise CompileError(f"{file} is odd")


def test_commands_take_it(model: Path, tmp_path: Path, capsys: Capture) -> None:
    bundle = tmp_path / "small.edge"
    assert run("compile", model, "-o", bundle) == 0
    capsys.readouterr()
    assert read_manifest(bundle).model.provenance["file"] == "small.tflite"
    verified = run_json(capsys, "verify", bundle, "--model", model)
    assert isinstance(verified, dict)
    assert verified["model"] == str(model)
    assert verified["node_errors"]
    analysed = run_json(capsys, "analyze", model)
    assert isinstance(analysed, dict)
    assert analysed["name"] == "small"
    copy = tmp_path / "copy.onnx"
    assert run("import", model, "-o", copy) == 0
    said = {prop.key: prop.value for prop in onnx.load(copy).metadata_props}
    assert json.loads(said["edge.provenance"])["source"] == "small.tflite"
    capsys.readouterr()
    model.with_name("damaged.tflite").write_bytes(model.read_bytes()[:100])
    assert "damaged.tflite" in refusal(capsys, "analyze", model.with_name("damaged.tflite"))
