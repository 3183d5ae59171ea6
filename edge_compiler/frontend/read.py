"""Read an ONNX file whose content can't be trusted."""

from __future__ import annotations

import mmap
from pathlib import Path

from google.protobuf.descriptor import FieldDescriptor  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError, Message  # type: ignore[import-untyped]
import onnx

from edge_compiler.errors import CompileError
from edge_compiler.frontend.foreign import advice
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
        raise CompileError(_missing(path))
    if path.name.encode(errors="ignore").decode() != path.name:  # it has surrogates
        raise CompileError(
            f"{path}: the name of the file is no text in this locale: rename it, or set "
            "LC_ALL=C.UTF-8"
        )
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
    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise _damaged(path, size) from error
    if not model.graph.node or not model.opset_import:
        raise _damaged(path, size)
    check_count(model, path)
    if not _is_text(model):
        raise _damaged(path, size)
    check_outputs(model, path)
    check_limits(model, path)
    return model


def _missing(path: Path) -> str:
    """Return what is to be said of a path at which there is no file."""
    if path.exists() and not path.is_dir():
        return (
            f"{path} is a pipe or a device, and a model is read several times: save it in a file"
        )
    known = advice(path)
    return f"{path} {known}" if known else f"there is no model file {path}: check the path"


def _damaged(path: Path, size: int) -> CompileError:
    """Return what is to be said of a file that is no ONNX model."""
    return CompileError(
        f"{path} {known}"
        if (known := advice(path))
        else f"{path} ({size} bytes) is not an ONNX model, or it is truncated: get the file again"
    )


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
