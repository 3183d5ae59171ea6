"""The codecs of which a message's codec is made: of numbers, strings, arrays and sequences."""

from __future__ import annotations

from collections.abc import Callable
import struct
from typing import Any, Literal, NamedTuple

import numpy as np

from edge_perception.messages.definition import MessageError, Type

Order = Literal["<", ">"]
"""Byte order, as in the struct module: little or big endian."""

HEADER = 4
"""Bytes before the message that tell its encoding; alignment counts from their end."""


class Codec(NamedTuple):
    """
    How a value is written and read.

    :ivar write: append the value to the bytes.
    :ivar read: take it from a buffer at a position; give it and the position after it.
    :ivar least: the fewest bytes it takes, so that a length can be checked before allocating.
    """

    write: Callable[[bytearray, Any], None]
    read: Callable[[memoryview, int], tuple[Any, int]]
    least: int


def numbers(codes: str, order: Order) -> Codec:
    """Several single numbers after one another; ``codes`` are those of the struct module."""
    layouts = [_aligned(codes, order, start) for start in range(8)]

    def write(out: bytearray, values: Any) -> None:
        out += layouts[(len(out) - HEADER) % 8].pack(*values)

    def read(buffer: memoryview, position: int) -> tuple[Any, int]:
        layout = layouts[position % 8]
        return layout.unpack_from(buffer, position), position + layout.size

    return Codec(write, read, layouts[0].size)


def _aligned(codes: str, order: Order, start: int) -> struct.Struct:
    """Lay numbers out, each aligned to its size, beginning at an address ``start`` modulo 8."""
    text, position = str(order), start
    for code in codes:
        size = struct.calcsize(order + code)
        padding = -position % size
        text += "x" * padding + code
        position += padding + size
    return struct.Struct(text)


def alone(codec: Codec) -> Codec:
    """Write and read a single value as a run of one, like ``numbers``."""

    def write(out: bytearray, values: Any) -> None:
        codec.write(out, values[0])

    def read(buffer: memoryview, position: int) -> tuple[Any, int]:
        value, position = codec.read(buffer, position)
        return (value,), position

    return Codec(write, read, codec.least)


def string(limit: int | None, order: Order) -> Codec:
    """Text: its length in UTF-8 with the closing NUL, and both."""
    length = _length(order)

    def write(out: bytearray, value: Any) -> None:
        if not isinstance(value, str):
            raise MessageError(f"a string is expected, received {value!r:.40}")
        data = value.encode()
        _check_count(len(data), limit, False, "bytes")
        length.write(out, len(data) + 1)
        out += data
        out.append(0)

    def read(buffer: memoryview, position: int) -> tuple[Any, int]:
        size, position = length.read(buffer, position)
        _check_room(size, 1, buffer, position)
        data = bytes(buffer[position : position + size])
        text = data[:-1] if data.endswith(b"\0") else data
        _check_count(len(text), limit, False, "bytes")
        try:
            return text.decode(), position + size
        except UnicodeDecodeError:
            raise MessageError(f"{text[:20]!r} is no UTF-8 text") from None

    return Codec(write, read, length.least)


def sequence(one: Codec, kind: Type, order: Order) -> Codec:
    """Return the codec of a list of strings or messages."""
    length = _length(order)

    def write(out: bytearray, values: Any) -> None:
        _check_count(len(values), kind.size, kind.fixed, "elements")
        if not kind.fixed:
            length.write(out, len(values))
        for value in values:
            one.write(out, value)

    def read(buffer: memoryview, position: int) -> tuple[Any, int]:
        count, position = _read_count(kind, length, buffer, position)
        _check_room(count, one.least, buffer, position)
        values = []
        for _ in range(count):
            value, position = one.read(buffer, position)
            values.append(value)
        return values, position

    return Codec(write, read, (kind.size or 0) * one.least if kind.fixed else length.least)


def number_array(code: str, kind: Type, order: Order) -> Codec:
    """Return the codec of an array of numbers, read as a numpy array without copying."""
    dtype = np.dtype(code).newbyteorder(order)
    length = _length(order)

    def write(out: bytearray, values: Any) -> None:
        array = _as_array(values, dtype)
        _check_count(array.size, kind.size, kind.fixed, "elements")
        if not kind.fixed:
            length.write(out, array.size)
        if array.size:
            out += bytes(-(len(out) - HEADER) % dtype.itemsize)
            out += array.data

    def read(buffer: memoryview, position: int) -> tuple[Any, int]:
        count, position = _read_count(kind, length, buffer, position)
        if count:  # the first element is aligned, but nothing is where there is none
            position += -position % dtype.itemsize
        _check_room(count, dtype.itemsize, buffer, position)
        if not count:
            return np.zeros(0, dtype), position
        end = position + count * dtype.itemsize
        if code == "?":  # a byte other than 0 and 1 is no valid element of a bool array
            return np.frombuffer(buffer, np.uint8, count, position) != 0, end
        return np.frombuffer(buffer, dtype, count, position), end

    return Codec(write, read, (kind.size or 0) * dtype.itemsize if kind.fixed else length.least)


def _length(order: Order) -> Codec:
    """Return the codec of a length, a single unsigned 32-bit number."""
    several = numbers("I", order)

    def read(buffer: memoryview, position: int) -> tuple[Any, int]:
        (value,), position = several.read(buffer, position)
        return value, position

    return Codec(lambda out, value: several.write(out, (value,)), read, several.least)


def _read_count(kind: Type, length: Codec, buffer: memoryview, position: int) -> tuple[int, int]:
    if kind.fixed:
        return kind.size or 0, position
    count, position = length.read(buffer, position)
    _check_count(count, kind.size, False, "elements")
    return count, position


def _check_count(count: int, size: int | None, exact: bool, what: str) -> None:
    if size is not None and (count != size if exact else count > size):
        bound = "exactly" if exact else "at most"
        raise MessageError(f"expected {bound} {size} {what}, received {count}")


def _check_room(count: int, least: int, buffer: memoryview, position: int) -> None:
    if count * least > len(buffer) - position:
        raise MessageError(
            f"the data ends too early: {count} elements are announced at byte "
            f"{HEADER + position} of {HEADER + len(buffer)}"
        )


def _as_array(values: Any, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Return the values as a contiguous array of the type, if they are the same in it."""
    array = np.frombuffer(values, np.uint8) if isinstance(values, bytes) else np.asarray(values)
    if array.ndim == 0:
        raise MessageError(f"a sequence of numbers is expected, received {values!r:.40}")
    if array.dtype != dtype:
        with np.errstate(all="ignore"):
            converted = array.astype(dtype)
        same = converted.size == 0 or (dtype.kind == "f" and array.dtype.kind in "bifu")
        if not same and not np.array_equal(converted, array):
            raise MessageError(f"{values!r:.40} has elements that are no {dtype.name}")
        array = converted
    return np.ascontiguousarray(array)
