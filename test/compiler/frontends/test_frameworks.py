"""
Models that only their framework reads, without one: what is recognised, refused, and asked of it.

With ``EDGE_FRAMEWORK_PYTHON`` naming a Python that has PyTorch or TensorFlow, real models are
exported, too.
"""

from __future__ import annotations

from collections.abc import Callable
import io
import json
import os
from pathlib import Path
import subprocess
from typing import Any
import zipfile

from digit_models import FOLDER, pictures
import numpy as np
import onnx
import onnxruntime
import pytest

from edge_compiler.errors import CompileError
from edge_compiler.frontends import as_onnx, FORMATS
from edge_compiler.frontends.framework import PYTHON
from edge_compiler.frontends.tensorflow.export import check_file

PROGRAM = FOLDER / "digits.pt2"
GRAPH = "digits/models/model.json"
WEIGHTS = "digits/data/weights/model_weights_config.json"


def zipped(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def keras(config: Any) -> bytes:
    names = ("metadata.json", "model.weights.h5")
    return zipped({"config.json": json.dumps(config).encode(), **dict.fromkeys(names, b"")})


def graph(path: Path) -> None:
    """Write a graph of TensorFlow with one node: its name and its operator."""
    path.write_bytes(b"\x0a\x10\x0a\x01x\x12\x0bPlaceholder")


def saved_model(path: Path) -> None:
    path.mkdir()
    (path / "saved_model.pb").write_bytes(b"")


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("Keras", lambda path: path.write_bytes(keras({}))),
        ("Keras", lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n")),
        ("PyTorch", lambda path: path.write_bytes(PROGRAM.read_bytes())),
        ("TensorFlow SavedModel", saved_model),
        ("TensorFlow graph", graph),
    ],
)
def test_a_format_is_recognised_by_its_content(
    name: str, write: Callable[[Path], None], tmp_path: Path
) -> None:
    write(tmp_path / "model")
    assert [form.name for form in FORMATS if form.recognises(tmp_path / "model")] == [name]


@pytest.mark.parametrize("content", [b"", b"\x0a", b"PK\x03\x04", zipped({"a": b"b"})])
def test_anything_else_is_left_to_the_reader_of_onnx(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(content)
    assert not [form.name for form in FORMATS if form.recognises(tmp_path / "model")]


def test_a_missing_framework_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(PYTHON, raising=False)
    with (
        pytest.raises(
            CompileError, match=r"digits\.pt2 is read by PyTorch, .* install torch onnx"
        ),
        as_onnx(PROGRAM),
    ):
        pass


def test_what_the_framework_writes_is_the_model(
    tiny_onnx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for the file's kind, and told where the ONNX file shall be."""
    stand_in(tmp_path, f'test "$3" = pt2 && cp {tiny_onnx} "$5"', monkeypatch)
    with as_onnx(PROGRAM) as file:
        made = onnx.load(file)
    assert made.graph == onnx.load(tiny_onnx).graph
    (said,) = (p.value for p in made.metadata_props if p.key == "edge.provenance")
    assert json.loads(said)["format"] == "PyTorch"


def test_what_the_framework_says_is_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, "echo warning >&2; echo no such operator >&2; exit 1", monkeypatch)
    reason = r"digits\.pt2 can't be compiled, PyTorch says: no such operator$"
    with pytest.raises(CompileError, match=reason), as_onnx(PROGRAM):
        pass


def stand_in(folder: Path, commands: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a shell script be the Python that has the framework."""
    script = folder / "python"
    script.write_text(f"#!/bin/sh\n{commands}\n")
    script.chmod(0o755)
    monkeypatch.setenv(PYTHON, str(script))


@pytest.mark.parametrize(
    ("member", "old", "new", "reason"),
    [
        (WEIGHTS, '"use_pickle": false', '"use_pickle": true', "is a pickle"),
        (GRAPH, '"guards_code": []', '"guards_code": ["exit()"]', "aren't fixed"),
        (GRAPH, '"as_int": 16', '"as_expr": {"expr_str": "exit()"}', "aren't fixed"),
        (GRAPH, "torch.ops.aten.relu.default", "builtins.exit", "'builtins.exit', which is no"),
        (GRAPH, '"name": "image"', '"name": "image=exit()"', "'image=exit\\(\\)', which is no"),
        (GRAPH, "{", "", "can't be compiled: Expecting|can't be compiled: Extra data"),
    ],
)
def test_a_program_that_would_run_code_is_refused(
    member: str,
    old: str,
    new: str,
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The framework never sees it."""
    stand_in(tmp_path, "touch ran", monkeypatch)
    with zipfile.ZipFile(PROGRAM) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert old.encode() in files[member]
    files[member] = files[member].replace(old.encode(), new.encode(), 1)
    (tmp_path / "hostile").write_bytes(zipped(files))
    with pytest.raises(CompileError, match=reason), as_onnx(tmp_path / "hostile"):
        pass


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        ({"class_name": "Lambda", "config": {"name": "double"}}, "'double' has code of Python"),
        ({"module": "os", "class_name": "system"}, "'system' is of os, whose code is not run"),
    ],
)
def test_layers_with_code_are_refused(layer: Any, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "net.keras"
    path.write_bytes(keras({"config": {"layers": [layer]}}))
    with pytest.raises(ValueError, match=reason):
        check_file(str(path))
    path.write_bytes(keras({"module": "keras.layers", "class_name": "Dense"}))
    check_file(str(path))


@pytest.mark.skipif(PYTHON not in os.environ, reason=f"{PYTHON} names no Python")
@pytest.mark.parametrize(
    ("source", "scores"),
    [
        ("digits.keras", "keras.csv"),
        ("digits.h5", "keras.csv"),
        ("digits.pb", "tensorflow.csv"),
        ("saved", "tensorflow.csv"),
        ("digits.pt2", "pytorch.csv"),
    ],
)
def test_what_is_exported_computes_what_the_framework_does(source: str, scores: str) -> None:
    expected = np.loadtxt(FOLDER / scores, delimiter=",")
    session = exported(FOLDER / source)
    [given] = session.get_inputs()
    for picture, score in zip(pictures(), expected, strict=True):
        image = picture[None] / np.float32(255)
        if given.shape[1] == 3:
            image = image.transpose(0, 3, 1, 2)
        [[result]] = session.run(None, {given.name: image})
        np.testing.assert_allclose(result, score, rtol=1e-4, atol=1e-6)


def exported(path: Path) -> onnxruntime.InferenceSession:
    """Return an exported model, if the Python that is named has its framework."""
    try:
        with as_onnx(path) as file:
            return onnxruntime.InferenceSession(file)
    except CompileError as error:
        if "doesn't have" in str(error):
            pytest.skip(str(error))
        raise


TRAINED = """
import sys
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

class Net(tf.Module):
    def __init__(self):
        self.factors = tf.range(200, dtype=tf.float32)  # large ones are no part of a function
        self.offset = tf.Variable(tf.ones(200))
        self.moment = tf.Variable(tf.zeros(200))

    @tf.function(input_signature=[tf.TensorSpec([None, 200], tf.float32, name="x")])
    def __call__(self, x):
        return {"y": x * self.factors + self.offset}

net, folder = Net(), sys.argv[1]
tf.saved_model.save(net, folder, {"serving_default": net.__call__})
model = saved_model_pb2.SavedModel()
model.ParseFromString(open(folder + "/saved_model.pb", "rb").read())
nodes = model.meta_graphs[0].object_graph_def.nodes
ids = {child.local_name: child.node_id for child in nodes[0].children}
slot = nodes[0].slot_variables.add()  # as an optimiser of Keras 2 has it
slot.original_variable_node_id, slot.slot_name = ids["offset"], "m"
slot.slot_variable_node_id = ids["moment"]
open(folder + "/saved_model.pb", "wb").write(model.SerializeToString())
"""


@pytest.mark.skipif(PYTHON not in os.environ, reason=f"{PYTHON} names no Python")
def test_what_a_training_leaves_and_large_constants_are_no_inputs(tmp_path: Path) -> None:
    writing = [os.environ[PYTHON], "-c", TRAINED, str(tmp_path / "net")]
    if subprocess.run(writing, capture_output=True, check=False).returncode:
        pytest.skip("needs TensorFlow")
    session = exported(tmp_path / "net")
    [given] = session.get_inputs()
    x = np.linspace(-1, 1, 200, dtype=np.float32)[None]
    [y] = session.run(None, {given.name: x})
    np.testing.assert_allclose(y, x * np.arange(200) + 1, rtol=1e-6)
