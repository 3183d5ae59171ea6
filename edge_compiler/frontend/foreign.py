"""Files that people take for models, or that are models which edgec doesn't read: what to do."""

from __future__ import annotations

from pathlib import Path
import re
import zipfile

_HEAD = 4096
_EXPORT = "export it to ONNX in the framework that it comes from"
_PYTORCH = (
    "whose code edgec doesn't run: in PyTorch, torch.onnx.export(model, inputs, 'model.onnx') "
    "writes ONNX, torch.export.save a .pt2"
)
_CHECKPOINT = f"is a checkpoint of PyTorch, {_PYTORCH} (of YOLO: yolo export format=onnx)"
_PICKLE = f"is a pickle of Python, {_PYTORCH}"
_COREML = f"is a model of Core ML, which edgec doesn't read: {_EXPORT}"
_BUNDLE = (
    "is a bundle, compiled already: edgec explain shows what is in it, edgec verify checks it"
)

_HEADS: tuple[tuple[bytes, str], ...] = (
    (rb"version https://git-lfs", "is a pointer of Git LFS: git lfs pull gets the file itself"),
    (rb"\s*<(!doctype|html)", "is a web page: the download went wrong, get the file again"),
    (rb"\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|\x28\xb5\x2f\xfd", "is compressed: unpack it first"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF", "is a picture, and no model: is the order right?"),
    (rb"\x80\x02\x8a\nl\xfc\x9cF", _CHECKPOINT),
    (rb"\x80[\x02-\x05]", _PICKLE),
    (rb".{8}\{\s*\"", f"has weights alone (safetensors), and no network: {_EXPORT}"),
    (rb"GGUF|ggml|lmgg", f"is a language model of llama.cpp, which edgec doesn't read: {_EXPORT}"),
    (rb"[fp]trt", f"is an engine of TensorRT, made for one device: {_EXPORT}"),
    (rb"\s*(<\?xml.*)?<net\b", f"is a model of OpenVINO, which edgec doesn't read: {_EXPORT}"),
    # a version, and where ONNX has the name of a producer, a message that begins with one
    (rb"\x08.\x12([\x80-\xff]{0,3}[\x00-\x7f])\x0a", _COREML),
    (rb"7767517\s", f"is a model of ncnn, which edgec doesn't read: {_EXPORT}"),
    (rb"\s*(#.*)?\[net(work)?\]", f"is a network of Darknet, which edgec doesn't read: {_EXPORT}"),
    (
        rb"\s*\{.*\"(graph|layers)-model\"",
        "is a model of TensorFlow.js, which edgec doesn't read: tensorflowjs_converter makes a "
        "SavedModel or a .h5 of it",
    ),
)
"""What a file begins with, and what it is then."""


def advice(path: Path) -> str | None:
    """
    Return what a path is that holds no model which edgec reads, and what to do; None: who knows.

    :returns: a sentence's end, to be read after the path.
    """
    if path.is_dir():
        return _of_folder(path)
    try:
        with path.open("rb") as file:
            begin = file.read(_HEAD)
    except OSError:
        return None
    if begin.startswith(b"PK\x03\x04"):
        return _of_archive(path)
    heads = (said for head, said in _HEADS if re.match(head, begin, re.DOTALL | re.IGNORECASE))
    return next(heads, None)


def _of_folder(path: Path) -> str:
    if (path / "manifest.json").exists():
        return _BUNDLE
    if (path / "Manifest.json").exists():
        return _COREML
    return "is a folder: give the file of the model in it; only a SavedModel is a folder itself"


def _of_archive(path: Path) -> str:
    """Return what a zip archive is, by the names of what is in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.rpartition("/")[2] for name in archive.namelist()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "is a damaged zip archive: get the file again"
    if "manifest.json" in names and "selftest.npz" in names:
        return _BUNDLE
    if "constants.pkl" in names:
        return f"is a program of TorchScript, {_PYTORCH}"
    if "data.pkl" in names:
        return _CHECKPOINT
    return "is a zip archive: unpack it, and give the file of the model"
