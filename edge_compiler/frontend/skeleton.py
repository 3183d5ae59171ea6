"""
An ONNX file without the data of its large initializers, which stay in the file.

Protocol buffers can only be read as a whole, and then hold every byte twice. A tensor may as well
say that its data lies in another file, at an offset: here that is the model's own file.
"""

from __future__ import annotations

from collections.abc import Iterator
import math
import mmap

import onnx
from onnx import TensorProto

LARGE = 4096
"""Bytes of data that are worth to be left in the file."""
ITEM_BYTES: dict[int, int] = {
    TensorProto.FLOAT: 4,
    TensorProto.INT32: 4,
    TensorProto.INT64: 8,
    TensorProto.FLOAT16: 2,
    TensorProto.DOUBLE: 8,
}
"""Of an element of the types whose data may stay, by ONNX's number."""
_MOST_FIELDS = 2**20
"""Of a message; in one that has more, data is no large part."""
_MODEL_GRAPH: int = onnx.ModelProto.DESCRIPTOR.fields_by_name["graph"].number
_GRAPH_INITIALIZER: int = onnx.GraphProto.DESCRIPTOR.fields_by_name["initializer"].number
_TENSOR = {field.number: name for name, field in TensorProto.DESCRIPTOR.fields_by_name.items()}
_VARINT, _EIGHT_BYTES, _MESSAGE, _FOUR_BYTES = 0, 1, 2, 5
_Field = tuple[int, int, int, int, int]
"""Number, wire type, where it begins, where its value begins and where it ends."""


class _UnknownError(Exception):
    """Something that only protocol buffers' own parser can judge."""


def skeleton(content: mmap.mmap, location: str) -> bytes:
    """
    Return a serialised model whose large initializers refer to their data in its own file.

    What is damaged, or written in an unusual way, is left as it is.

    :param content: of the file.
    :param location: what the tensors call the file.
    """
    try:
        return b"".join(_rewrite(content, 0, len(content), [_MODEL_GRAPH], location))
    except _UnknownError:
        return content[:]


def _rewrite(
    content: mmap.mmap, start: int, stop: int, path: list[int], location: str
) -> Iterator[bytes]:
    """
    Yield the parts of a message.

    :param path: the numbers of the fields that lead from it to the initializers, but the last.
    """
    wanted = path[0] if path else _GRAPH_INITIALIZER
    done = start
    for number, wire, begin, value, end in _fields(content, start, stop):
        if number != wanted or wire != _MESSAGE or end - value < LARGE:
            continue
        if path:
            inner = b"".join(_rewrite(content, value, end, path[1:], location))
        elif (reference := _reference(content, value, end, location)) is not None:
            inner = reference
        else:
            continue
        yield content[done:begin]
        yield _varint(number << 3 | _MESSAGE) + _varint(len(inner)) + inner
        done = end
    yield content[done:stop]


def _reference(content: mmap.mmap, start: int, stop: int, location: str) -> bytes | None:
    """Return a tensor that refers to its data; None if it has none that could stay."""
    tensor = onnx.TensorProto()
    data: tuple[int, int] | None = None
    for number, _, begin, value, end in _fields(content, start, stop):
        name = _TENSOR.get(number)
        if name == "raw_data" and data is None:
            data = value, end
        elif name in ("dims", "data_type", "name", "doc_string") and end - begin < LARGE:
            tensor.MergeFromString(content[begin:end])
        else:
            return None
    size = ITEM_BYTES.get(tensor.data_type)
    if data is None or size is None or math.prod(tensor.dims) * size != data[1] - data[0]:
        return None
    tensor.data_location = TensorProto.EXTERNAL
    numbers = {"offset": data[0], "length": data[1] - data[0]}
    for key, text in {"location": location, **numbers}.items():
        tensor.external_data.add(key=key, value=str(text))
    return bytes(tensor.SerializeToString())


def _fields(content: mmap.mmap, start: int, stop: int) -> Iterator[_Field]:
    """Yield the fields of a message."""
    at = start
    for _ in range(_MOST_FIELDS):
        if at == stop:
            return
        tag, value = _read_varint(content, at, stop)
        wire, end = tag & 7, value
        if wire == _VARINT:
            _, end = _read_varint(content, value, stop)
        elif wire in (_EIGHT_BYTES, _FOUR_BYTES):
            end = value + (8 if wire == _EIGHT_BYTES else 4)
        elif wire == _MESSAGE:
            length, value = _read_varint(content, value, stop)
            end = value + length
        else:
            raise _UnknownError
        if end > stop:
            raise _UnknownError
        yield tag >> 3, wire, at, value, end
        at = end
    raise _UnknownError


def _read_varint(content: mmap.mmap, at: int, stop: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, and where it ends."""
    number = 0
    for shift, index in zip(range(0, 70, 7), range(at, stop), strict=False):
        number |= (content[index] & 127) << shift
        if content[index] < 128:
            return number, index + 1
    raise _UnknownError


def _varint(number: int) -> bytes:
    """Return a number as seven bits a byte."""
    parts = []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])
