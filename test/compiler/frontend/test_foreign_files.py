"""What people give edgec instead of a model that it reads: each is named, with what to do."""

from __future__ import annotations

import gzip
import io
import json
import os
from pathlib import Path
import struct
import zipfile

import pytest

from edge_compiler.errors import CompileError
from edge_compiler.frontend import load


def zipped(*names: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), b"\x80\x02}.")
    return data.getvalue()


def safetensors() -> bytes:
    head = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(head)) + head + bytes(4)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (zipped("yolo/data.pkl", "yolo/version"), "a checkpoint of PyTorch, .*torch.onnx.export"),
        (zipped("net/constants.pkl", "net/data.pkl"), "a program of TorchScript, .*onnx.export"),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "a checkpoint of PyTorch"),
        (b"\x80\x04\x95\x05\0\0\0\0\0\0\0}\x94.", "a pickle of Python"),
        (safetensors(), "has weights alone"),
        (b'<?xml version="1.0"?>\n<net name="x">', "a model of OpenVINO"),
        (b"ftrt" + bytes(60), "an engine of TensorRT"),
        (b"7767517\n3 3\nInput data 0 1 data\n", "a model of ncnn"),
        (bytes.fromhex("08011220 0a0e0a01 781a092a 070a0103 10c08004 520e0a01 79"), "of Core ML"),
        (b"GGUF" + bytes(60), "a language model"),
        (b'{"format":"graph-model","modelTopology":{}}', "tensorflowjs_converter"),
        (b"[net]\nbatch=1\n", "a network of Darknet"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"<!DOCTYPE html><html>404</html>", "is a web page"),
        (gzip.compress(b"\x08\x07", mtime=0), "is compressed: unpack it"),
        (zipped("model.onnx"), "is a zip archive: unpack it"),
        (b"PK\x03\x04" + bytes(60), "is a damaged zip archive"),
        (b"\x89PNG\r\n\x1a\n", "is a picture"),
        (b"hello\n", r"\(6 bytes\) is not an ONNX model"),
    ],
)
def test_files_of_others_are_named_with_what_to_do(
    content: bytes, said: str, tmp_path: Path
) -> None:
    (tmp_path / "model").write_bytes(content)
    with pytest.raises(CompileError, match=said):
        load(tmp_path / "model")


def test_folders_are_no_models(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match=" is a folder: give the file of the model in it"):
        load(tmp_path)
    (tmp_path / "manifest.json").touch()
    with pytest.raises(CompileError, match=" is a bundle, compiled already: edgec explain"):
        load(tmp_path)
    with pytest.raises(CompileError, match=r"there is no model file .*none: check the path"):
        load(tmp_path / "none")


def test_a_pipe_is_no_model(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # nobody writes to it: who opens it waits
    with pytest.raises(CompileError, match=r"pipe is a pipe or a device, .* save it in a file"):
        load(tmp_path / "pipe")


def test_a_name_that_is_no_text_is_refused(tiny_onnx: Path, tmp_path: Path) -> None:
    strange = tmp_path / "caf\udce9.onnx"
    strange.write_bytes(tiny_onnx.read_bytes())
    with pytest.raises(CompileError, match="the name of the file is no text"):
        load(strange)
