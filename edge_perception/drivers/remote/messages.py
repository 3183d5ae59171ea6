"""
Request and answer of an inference as the Open Inference Protocol (version 2) has them over gRPC.

They are written by hand: ModelInferRequest and ModelInferResponse in the encoding of Protocol
Buffers, with tensors as raw bytes, which every server gives that is given them. What comes is read
without copies, and taken for nothing before it is checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_perception.runtime.manifest import Tensor

METHOD = "/inference.GRPCInferenceService/ModelInfer"
SLACK = 64 << 10  # bytes of an answer beside its tensors
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_WIDTHS = {_EIGHT: 8, _FOUR: 4}
_MOST = 1 << 63
# fields of ModelInferRequest, of its tensors, and of the answer
_MODEL, _INPUTS, _OUTPUTS, _RAW = 1, 5, 6, 7
_NAME, _TYPE, _SHAPE = 1, 2, 3
_SAID_OUTPUTS, _SAID_RAW = 5, 6


class AnswerError(Exception):
    """What a server answered can't be used: what was expected, what was received."""


def request(model: str, shown: Tensor, values: NDArray[Any], outputs: Sequence[Tensor]) -> bytes:
    """
    Return a request.

    :param model: by which the server knows it.
    :param shown: its input, with these values.
    :param outputs: that are wanted.
    """
    described = (
        _field(_NAME, shown.name.encode())
        + _field(_TYPE, _datatype(shown).encode())
        + _field(_SHAPE, b"".join(map(_varint, values.shape)))
    )
    wanted = b"".join(_field(_OUTPUTS, _field(_NAME, one.name.encode())) for one in outputs)
    return (
        _field(_MODEL, model.encode())
        + _field(_INPUTS, described)
        + wanted
        + _field(_RAW, np.ascontiguousarray(values).tobytes())
    )


def answer(data: bytes, outputs: Sequence[Tensor]) -> Mapping[str, NDArray[Any]]:
    """
    Return the tensors of an answer by name, if they are what the model gives.

    :param outputs: of the model.
    :raises AnswerError: if one is missing, has another type or shape, or isn't finite.
    """
    described: list[tuple[str, str, tuple[int, ...]]] = []
    raw: list[memoryview] = []
    for number, value in _fields(memoryview(data)):
        if number == _SAID_OUTPUTS and isinstance(value, memoryview):
            described.append(_described(value))
        elif number == _SAID_RAW and isinstance(value, memoryview):
            raw.append(value)
    if len(raw) != len(described):
        raise AnswerError(
            f"the server describes {len(described)} tensors and sends the raw bytes of {len(raw)}"
        )
    came = {name: (*form, bytes_) for (name, *form), bytes_ in zip(described, raw, strict=True)}
    return {one.name: _tensor(one, came) for one in outputs}


def _datatype(tensor: Tensor) -> str:
    """Return what the protocol calls the type of its elements: FP32, BF16, UINT8..."""
    return tensor.dtype.replace("bfloat", "bf").replace("float", "fp").upper()


def _tensor(wanted: Tensor, came: Mapping[str, tuple[Any, ...]]) -> NDArray[Any]:
    form = wanted.form
    if wanted.name not in came:
        raise AnswerError(f"the server gives no {wanted.name!r}, but {sorted(came)!r:.120}")
    kind, shape, raw = came[wanted.name]
    expected = _datatype(wanted)
    if (kind, shape) != (expected, form.shape) or len(raw) != form.bytes:
        raise AnswerError(
            f"{wanted.name} should be {expected} {form.shape}, {form.bytes} bytes; the server"
            f" gives {kind!r:.20} {shape!r:.60}, {len(raw)} bytes: is it another model?"
        )
    values = np.frombuffer(raw, form.type.numpy).reshape(form.shape)
    if form.type.is_float and not np.isfinite(values).all():
        raise AnswerError(f"{wanted.name} is not finite (NaN or infinity)")
    return np.array(values)  # one that can be written to


def _described(data: memoryview) -> tuple[str, str, tuple[int, ...]]:
    """Return name, type and shape of a tensor."""
    name = kind = ""
    shape: list[int] = []
    for number, value in _fields(data):
        if number == _SHAPE and isinstance(value, int):
            shape.append(value)
        elif number == _SHAPE and isinstance(value, memoryview):
            position = 0
            while position < len(value):
                size, position = _read_varint(value, position)
                shape.append(size)
        elif number in (_NAME, _TYPE) and isinstance(value, memoryview):
            text = bytes(value).decode(errors="replace")
            name, kind = (text, kind) if number == _NAME else (name, text)
    return name, kind, tuple(shape)


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield numbers and values of a message's fields, those of fixed width as bytes."""
    position = 0
    while position < len(data):
        key, position = _read_varint(data, position)
        wire = key & 7
        if wire == _VARINT:
            value, position = _read_varint(data, position)
            yield key >> 3, value
            continue
        if wire == _BYTES:
            size, position = _read_varint(data, position)
        else:
            size = _WIDTHS.get(wire, _MOST)
        if size > len(data) - position:
            raise AnswerError("the answer is cut off, or no message of the protocol")
        yield key >> 3, data[position : position + size]
        position += size


def _read_varint(data: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(data):
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if not byte & 0x80:
            if value < _MOST:
                return value, position
            break
        if shift >= 70:
            break
    raise AnswerError("the answer has a number that is cut off, negative or too large")


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
