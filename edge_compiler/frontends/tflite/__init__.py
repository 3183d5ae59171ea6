"""TensorFlow Lite's files, of numbers or quantised to integers of 8 bits, as ONNX."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontends.format import Format, head, Imported
from edge_compiler.frontends.tflite import convolutions, pieces, pointwise, reductions, shapes
from edge_compiler.frontends.tflite.file import File
from edge_compiler.frontends.tflite.graph import Graph
from edge_compiler.frontends.tflite.metadata import read_metadata
from edge_compiler.frontends.tflite.operator import Operator, UnsupportedError
from edge_compiler.frontends.tflite.signature import apply_signature
from edge_compiler.frontends.tflite.state import lift_state

_RULES = {
    **convolutions.RULES,
    **pieces.RULES,
    **pointwise.RULES,
    **reductions.RULES,
    **shapes.RULES,
}
_MAGIC = b"TFL3"
_DETECTIONS = "leave out the selection of boxes, and let --decoder do it (see docs/decoders.md)"
_LOOPS = "convert the model without loops and conditions"
_ADVICE = {
    "IF": _LOOPS,
    "NON_MAX_SUPPRESSION_V4": _DETECTIONS,
    "NON_MAX_SUPPRESSION_V5": _DETECTIONS,
    "TFLite_Detection_PostProcess": _DETECTIONS,
    "WHILE": _LOOPS,
}


def convert(data: bytes, where: str, channels_first: bool = False) -> onnx.ModelProto:
    """
    Return the ONNX model of a file.

    :param where: what the file is, for messages.
    :param channels_first: whether images that go in and out have their channels first, instead of
        last as in the file.
    :raises CompileError: if it is damaged, or has what is not supported.
    """
    with _explained(where):
        return _model(_open(data), len(data), channels_first)


@contextmanager
def _explained(where: str) -> Iterator[None]:
    """Say of what the readers of a file raise which file it is."""
    try:
        yield
    except UnsupportedError as error:
        raise CompileError(f"{where} can't be compiled: {error}") from error
    except (ValueError, LookupError, TypeError, ArithmeticError) as error:
        raise CompileError(f"{where} is damaged, get the file again: {error}") from error


def _open(data: bytes) -> File:
    file = File(data)
    apply_signature(file)
    return file


def _model(file: File, size: int, channels_first: bool) -> onnx.ModelProto:
    lift_state(file)
    graph = Graph(file, size, channels_first)
    for operator in file.operators:
        _add(graph, operator)
    return graph.finish()


def _add(graph: Graph, operator: Operator) -> None:
    """Add the nodes of an operator; errors name it."""
    kind, name = operator.kind, operator.output.name
    rule = _RULES.get(kind)
    if rule is None:
        if kind.startswith("Flex"):
            advice = (
                f"convert the model without TensorFlow's own operators, of which {kind} is one"
            )
        else:
            advice = _ADVICE.get(kind, "replace it by others")
        raise UnsupportedError(
            f"the operator {kind} that computes '{name}' is not supported: {advice}"
        )
    try:
        rule(graph, operator)
    except (ValueError, LookupError, ArithmeticError) as error:
        raise type(error)(f"the operator {kind} that computes '{name}': {error}") from error


def _recognises(path: Path) -> bool:
    return head(path, 8)[4:] == _MAGIC


def _read(path: Path) -> Imported:
    data = path.read_bytes()
    with _explained(str(path)):
        file = _open(data)
        metadata, left_out = read_metadata(file, data)
        model = _model(file, len(data), channels_first=False)
    return Imported(model, (path,), metadata, left_out)


FORMAT = Format("TensorFlow Lite", _recognises, _read)
