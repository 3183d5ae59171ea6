"""
Messages to bytes and back: CDR as ROS 2 writes it (XCDR version 1).

A codec is made once for each type and byte order. Every number is aligned to its own size,
counted from the end of the four bytes that tell the encoding. Consecutive single numbers are
packed together; arrays of numbers are not copied when they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import functools
import itertools
from operator import attrgetter
import struct
from typing import Any, NamedTuple, TypeVar

from edge_perception.messages import elements
from edge_perception.messages.classes import definition, get, Message
from edge_perception.messages.definition import Field, MessageError, NUMBERS, Type
from edge_perception.messages.elements import Codec, HEADER, Order

_M = TypeVar("_M", bound=Message)

_ENCODINGS: dict[bytes, Order] = {b"\0\0": ">", b"\0\1": "<"}


def serialize(message: Message) -> bytes:
    """
    Return the bytes of a message, as ``rclpy.serialization.serialize_message`` does.

    Padding is zero, where rclpy leaves in it what memory held; so equal messages are equal bytes.
    Sequences of numbers may be lists, arrays, or anything with the buffer protocol.

    :raises MessageError: if a field's value does not fit its type.
    """
    name = getattr(message, "__msgtype__", None)
    if name is None:
        raise MessageError(f"a message is expected, received {type(message).__name__}")
    out = bytearray(b"\0\1\0\0")
    _codec(name, "<").write(out, message)
    return bytes(out)


def deserialize(data: bytes | bytearray | memoryview, cls: type[_M]) -> _M:
    """
    Return the message that bytes mean; arrays of numbers are read-only views into ``data``.

    Bytes after the end of the message are ignored, as some ROS middleware pads messages.

    :param cls: the message's class.
    :raises MessageError: if the bytes aren't a message of this type.
    """
    name = cls.__msgtype__
    buffer = memoryview(data).toreadonly().cast("B")
    order = _ENCODINGS.get(bytes(buffer[:2])) if len(buffer) >= HEADER else None
    if order is None:
        raise MessageError(
            f"{name}: expected a message in plain CDR, which starts with 00 00 or 00 01; "
            f"received {len(buffer)} bytes starting with {bytes(buffer[:4]).hex(' ') or 'nothing'}"
        )
    message: _M = _codec(name, order).read(buffer[HEADER:], 0)[0]
    return message


class _Part(NamedTuple):
    """A run of fields that are written and read together."""

    names: tuple[str, ...]
    get: Callable[[Message], Sequence[Any]]
    codec: Codec


@functools.cache
def _codec(name: str, order: Order) -> Codec:
    """Make the codec of a message; ``order`` is "<" or ">"."""
    cls = get(name)
    parts = _parts(definition(name).fields, order)

    def write(out: bytearray, message: Message) -> None:
        if message.__class__ is not cls:
            raise MessageError(f"a {name} is expected, received {type(message).__name__}")
        for part in parts:
            try:
                part.codec.write(out, part.get(message))
            except MessageError as error:
                raise MessageError(f"{name}, {' '.join(part.names)}: {error}") from None
            except (struct.error, OverflowError, TypeError, ValueError) as error:
                raise MessageError(_misfit(name, part.names, message, error)) from None

    def read(buffer: memoryview, position: int) -> tuple[Message, int]:
        values: list[Any] = []
        for part in parts:
            try:
                some, position = part.codec.read(buffer, position)
            except struct.error:
                raise MessageError(
                    f"{name}, {' '.join(part.names)}: the data ends too early, "
                    f"after {HEADER + len(buffer)} bytes"
                ) from None
            except MessageError as error:
                raise MessageError(f"{name}, {' '.join(part.names)}: {error}") from None
            values += some
        return cls(*values), position

    return Codec(write, read, sum(part.codec.least for part in parts))


def _parts(fields: Sequence[Field], order: Order) -> list[_Part]:
    """Split a message into runs of single numbers, and other fields one by one."""
    if not fields:  # rosidl gives an empty message one byte, as C has no empty structures
        return [_Part((), lambda _: (0,), _ignoring(elements.numbers("B", order)))]
    parts: list[_Part] = []
    for numbers, group in itertools.groupby(fields, key=_is_number):
        if numbers:
            run = list(group)
            codes = "".join(NUMBERS[field.type.base] for field in run)
            parts.append(_part([field.name for field in run], elements.numbers(codes, order)))
        else:
            parts += [_part([f.name], elements.alone(_field(f.type, order))) for f in group]
    return parts


def _is_number(field: Field) -> bool:
    return not field.type.array and field.type.base in NUMBERS


def _part(names: Sequence[str], codec: Codec) -> _Part:
    if len(names) > 1:
        return _Part(tuple(names), attrgetter(*names), codec)
    one = attrgetter(names[0])
    return _Part(tuple(names), lambda message: (one(message),), codec)


def _ignoring(codec: Codec) -> Codec:
    """Read what ``codec`` does, but give no values."""
    return codec._replace(read=lambda buffer, at: ((), codec.read(buffer, at)[1]))


def _field(kind: Type, order: Order) -> Codec:
    """Return the codec of one value of a type."""
    if kind.base in NUMBERS:
        return elements.number_array(NUMBERS[kind.base], kind, order)
    text = kind.base == "string"
    one = elements.string(kind.limit, order) if text else _codec(kind.base, order)
    return elements.sequence(one, kind, order) if kind.array else one


def _misfit(name: str, fields: Sequence[str], message: Message, error: Exception) -> str:
    values = ", ".join(f"{f}={getattr(message, f)!r:.40}" for f in fields)
    return f"{name}: a value does not fit the type of its field ({error}); received {values}"
