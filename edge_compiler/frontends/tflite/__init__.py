"""
TensorFlow Lite's files as ONNX: the operators that small convolutional networks have.

Images have their channels last there. Here every tensor of four dimensions has them first, and is
turned where a Reshape counts on the order of its numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontends.format import Format, head, Imported
from edge_compiler.frontends.tflite.flatbuffer import Table
from edge_compiler.frontends.tflite.graph import Graph
from edge_compiler.frontends.tflite.operators import OPERATORS

_MAGIC = b"TFL3"


def _recognises(path: Path) -> bool:
    return head(path, 8)[4:] == _MAGIC


def _read(path: Path) -> Imported:
    return Imported(convert(path.read_bytes(), str(path)), (path,))


FORMAT = Format("TensorFlow Lite", _recognises, _read)


def convert(
    data: bytes, where: str, names: Mapping[str, str] | None = None, logits: Collection[str] = ()
) -> onnx.ModelProto:
    """
    Return the ONNX model of a file.

    :param where: what the file is, for messages.
    :param names: of the input and those outputs that are wanted, and what the model calls them;
        None: all of them, as they are.
    :param logits: outputs, as the model calls them, that get a Sigmoid.
    :raises CompileError: if it is damaged, or has an operator that is not known here.
    """
    try:
        return Graph(Table.root(data), names).convert(OPERATORS, logits)
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise CompileError(f"{where} has unexpected content: {error}") from error
