"""TensorFlow's SavedModels and graphs, and Keras's files, which tf2onnx brings to ONNX."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import zipfile

from edge_compiler.frontends.format import Format, head, Imported
from edge_compiler.frontends.framework import Framework

_FRAMEWORK = Framework(
    "TensorFlow", "tensorflow-cpu tf2onnx", Path(__file__).with_name("export.py")
)
_ZIP, _HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
_KERAS = {"config.json", "metadata.json", "model.weights.h5"}
_NODE, _TEXT, _OPERATOR = 0x0A, 0x0A, 0x12
"""Tags of protocol buffers: a graph's node, the node's name, and its operator."""


def _is_keras(path: Path) -> bool:
    if head(path, 8) == _HDF5:
        return True
    if head(path, 4) != _ZIP:
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return set(archive.namelist()) >= _KERAS
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False


def _is_saved_model(path: Path) -> bool:
    return (path / "saved_model.pb").is_file()


def _is_graph(path: Path) -> bool:
    """Return whether a file begins with a node; a model of ONNX begins with its version."""
    begin = head(path, 512)
    if len(begin) < 8 or begin[0] != _NODE:
        return False
    at = 2 if begin[1] < 128 else 3  # the node's length has one or two bytes
    if begin[at] != _TEXT or begin[at + 1] >= 128:
        return False
    operator = at + 2 + begin[at + 1]
    return len(begin) > operator + 2 and begin[operator] == _OPERATOR


def _reader(kind: str) -> Callable[[Path], Imported]:
    def read(path: Path) -> Imported:
        files = sorted(part for part in path.rglob("*") if part.is_file())
        return Imported(_FRAMEWORK.export(kind, path), tuple(files or [path]))

    return read


FORMATS = (
    Format("Keras", _is_keras, _reader("keras")),
    Format("TensorFlow SavedModel", _is_saved_model, _reader("saved model")),
    Format("TensorFlow graph", _is_graph, _reader("graph")),
)
