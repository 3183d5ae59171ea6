"""Read an ONNX file whose content can't be trusted."""

from __future__ import annotations

import mmap
from pathlib import Path

from google.protobuf.descriptor import FieldDescriptor  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError, Message  # type: ignore[import-untyped]
import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontend.limits import check_count, check_limits
from edge_compiler.frontend.skeleton import skeleton
from edge_compiler.frontend.validate import check_outputs

LARGEST_FILE = 2**31 - 1
"""Protocol buffers can't hold more; larger models keep their weights in external data."""


def read_model(path: Path) -> onnx.ModelProto:
    """
    Parse the file, without external data: large initializers refer to theirs in the file itself.

    :raises CompileError: if the file is missing, no ONNX model, or too large in some way.
    """
    if not path.is_file():
        raise CompileError(f"there is no model file {path}: check the path")
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise CompileError(
                f"{path} has {size} bytes, more than the {LARGEST_FILE} of an ONNX file: "
                "save the model with external data"
            )
        content = _read(path) if size else b""
    except OSError as error:
        raise CompileError(f"cannot read the model {path}: {error.strerror}") from error
    damaged = f"{path} ({size} bytes) is not an ONNX model, or it is truncated: get the file again"
    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise CompileError(damaged) from error
    if not model.graph.node or not model.opset_import:
        raise CompileError(damaged)
    check_count(model, path)
    if not _is_text(model):
        raise CompileError(damaged)
    check_outputs(model, path)
    check_limits(model, path)
    return model


def _read(path: Path) -> bytes:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return skeleton(content, path.name)


def _is_text(message: Message) -> bool:
    """Return whether all strings of a message, and of those in it, are text."""
    for field, value in message.ListFields():
        if field.type not in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_MESSAGE):
            continue
        for item in [value] if isinstance(value, str | bytes | Message) else value:
            if isinstance(item, bytes):  # what protobuf gives for a string that isn't UTF-8
                return False
            if isinstance(item, Message) and not _is_text(item):
                return False
    return True
