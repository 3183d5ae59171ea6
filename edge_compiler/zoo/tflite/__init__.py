"""
TensorFlow Lite's files as ONNX: the operators that small convolutional networks have.

Images have their channels last there. Here every tensor of four dimensions has them first, and is
turned where a Reshape counts on the order of its numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import onnx

from edge_compiler.errors import CompileError
from edge_compiler.zoo.tflite.flatbuffer import Table
from edge_compiler.zoo.tflite.graph import Graph
from edge_compiler.zoo.tflite.operators import OPERATORS


def convert(
    data: bytes, where: str, names: Mapping[str, str], logits: Collection[str] = ()
) -> onnx.ModelProto:
    """
    Return the ONNX model of a file.

    :param where: what the file is, for messages.
    :param names: of the input and those outputs that are wanted, and what the model calls them.
    :param logits: outputs, as the model calls them, that get a Sigmoid.
    :raises CompileError: if it is damaged, or has an operator that is not known here.
    """
    try:
        return Graph(Table.root(data), names).convert(OPERATORS, logits)
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise CompileError(f"{where} has unexpected content: {error}") from error
