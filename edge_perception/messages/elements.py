"""The codecs of which a message's codec is made: of numbers, strings, arrays and sequences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import struct
from typing import Any, Literal, NamedTuple

import numpy as np

from edge_perception.messages.definition import MessageError, NUMBERS, Type

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


def numbers(kinds: Sequence[Type | None], order: Order) -> Codec:
    """
    Return the codec of numbers and fixed arrays of numbers after one another.

    Arrays are read as numpy arrays, without copying, and come after the single numbers.

    :param kinds: their types; None is a zero byte that has no value.
    """
    layouts = [_layout(kinds, order, start) for start in range(8)]
    valued = [kind for kind in kinds if kind is not None]
    places = [place for place, kind in enumerate(valued) if kind.array]
    arrays = list(zip(places, layouts[0].arrays, strict=True))
    singles = [layout.all for layout in layouts]

    def write(out: bytearray, values: Any) -> None:
        out += singles[(len(out) - HEADER) % 8].pack(*values)

    def read(buffer: memoryview, position: int) -> tuple[Any, int]:
        layout = singles[position % 8]
        return layout.unpack_from(buffer, position), position + layout.size

    def write_with_arrays(out: bytearray, values: Any) -> None:
        values = list(values)
        for place, (_, size, dtype) in arrays:
            array = _as_array(values[place], dtype)
            _check_count(array.size, size, True, "elements")
            values[place] = array.tobytes()
        write(out, values)

    def read_with_arrays(buffer: memoryview, position: int) -> tuple[Any, int]:
        layout = layouts[position % 8]
        values = list(layout.singles.unpack_from(buffer, position))
        for offset, size, dtype in layout.arrays:
            values.append(np.ndarray(size, dtype, buffer, position + offset))
        return values, position + layout.all.size

    least = min(layout.all.size for layout in layouts)
    if arrays:
        return Codec(write_with_arrays, read_with_arrays, least)
    return Codec(write, read, least)


class _Layout(NamedTuple):
    """
    How numbers and fixed arrays lie, each number aligned to its size.

    :ivar all: what packs them, arrays as bytes.
    :ivar singles: what unpacks those that are no arrays.
    :ivar arrays: where they lie, how many elements each has, and of which type.
    """

    all: struct.Struct
    singles: struct.Struct
    arrays: tuple[tuple[int, int, np.dtype[Any]], ...]


def _layout(kinds: Sequence[Type | None], order: Order, start: int) -> _Layout:
    """Lay numbers out, beginning at an address ``start`` modulo 8."""
    everything = singles = str(order)
    arrays, position = [], 0
    for kind in kinds:
        code = NUMBERS[kind.base] if kind is not None else "x"
        size = struct.calcsize(order + code)
        padding = -(start + position) % size
        position += padding
        if kind is not None and kind.array:
            count, dtype = kind.size or 0, np.dtype(code).newbyteorder(order)
            arrays.append((position, count, dtype))
            size *= count
            everything += f"{padding}x{size}s"
            singles += f"{padding + size}x"
        else:
            everything += f"{padding}x{code}"
            singles += f"{padding}x{code}"
        position += size
    return _Layout(struct.Struct(everything), struct.Struct(singles), tuple(arrays))


def string(limit: int | None, order: Order) -> Codec:
    """Text: its length in UTF-8 with the closing NUL, and both."""
    length = _length(order)

    def write(out: bytearray, value: Any) -> None:
        if not isinstance(value, str):
            raise MessageError(f"a string is expected, received {value!r:.40}")
        data = value.encode()
        if limit is not None:
            _check_count(len(data), limit, False, "bytes")
        length.write(out, len(data) + 1)
        out += data + b"\0"

    def read(buffer: memoryview, position: int) -> tuple[Any, int]:
        size, position = length.read(buffer, position)
        end = position + size
        if end > len(buffer):
            raise _ends_early(size, buffer, position)
        last = end - 1 if size and not buffer[end - 1] else end
        if limit is not None:
            _check_count(last - position, limit, False, "bytes")
        try:
            return str(buffer[position:last], "utf-8"), end
        except UnicodeDecodeError:
            data = bytes(buffer[position:last])
            raise MessageError(f"{data[:20]!r} is no UTF-8 text") from None

    return Codec(write, read, length.least)


def sequence(one: Codec, kind: Type, order: Order) -> Codec:
    """Return the codec of a list of strings or messages."""
    length = _length(order)
    read_count = _count_reader(kind, length)

    def write(out: bytearray, values: Any) -> None:
        _check_count(len(values), kind.size, kind.fixed, "elements")
        if not kind.fixed:
            length.write(out, len(values))
        for value in values:
            one.write(out, value)

    def read(buffer: memoryview, position: int) -> tuple[Any, int]:
        count, position = read_count(buffer, position)
        if position + count * one.least > len(buffer):
            raise _ends_early(count, buffer, position)
        values = []
        for _ in range(count):
            value, position = one.read(buffer, position)
            values.append(value)
        return values, position

    return Codec(write, read, (kind.size or 0) * one.least if kind.fixed else length.least)


def number_array(code: str, kind: Type, order: Order) -> Codec:
    """Return the codec of an array of numbers, read as a numpy array without copying."""
    dtype = np.dtype(code).newbyteorder(order)
    size = dtype.itemsize
    length = _length(order)
    read_count = _count_reader(kind, length)
    nothing = np.zeros(0, dtype)

    def write(out: bytearray, values: Any) -> None:
        array = _as_array(values, dtype)
        _check_count(array.size, kind.size, kind.fixed, "elements")
        if not kind.fixed:
            length.write(out, array.size)
        if array.size:
            out += bytes(-(len(out) - HEADER) % size)
            out.extend(array)  # its buffer, as += would add numbers

    def read(buffer: memoryview, position: int) -> tuple[Any, int]:
        count, position = read_count(buffer, position)
        if not count:  # the first element is aligned, but nothing is where there is none
            return nothing, position
        position += -position % size
        end = position + count * size
        if end > len(buffer):
            raise _ends_early(count, buffer, position)
        if code == "?":  # a byte other than 0 and 1 is no valid element of a bool array
            return np.ndarray(count, np.uint8, buffer, position) != 0, end
        return np.ndarray(count, dtype, buffer, position), end

    return Codec(write, read, (kind.size or 0) * size if kind.fixed else length.least)


def _length(order: Order) -> Codec:
    """Return the codec of a length, a single unsigned 32-bit number."""
    pack = [struct.Struct(f"{order}{-start % 4}xI").pack for start in range(4)]
    unpack_from = struct.Struct(f"{order}I").unpack_from

    def write(out: bytearray, value: int) -> None:
        out += pack[len(out) % 4](value)

    def read(buffer: memoryview, position: int) -> tuple[int, int]:
        position += -position % 4
        return unpack_from(buffer, position)[0], position + 4

    return Codec(write, read, 4)


def _count_reader(kind: Type, length: Codec) -> Callable[[memoryview, int], tuple[int, int]]:
    """Return what reads how many elements follow."""
    if kind.fixed:
        return lambda buffer, position: (kind.size or 0, position)
    if kind.size is None:
        return length.read

    def read(buffer: memoryview, position: int) -> tuple[int, int]:
        count, position = length.read(buffer, position)
        _check_count(count, kind.size, False, "elements")
        return count, position

    return read


def _check_count(count: int, size: int | None, exact: bool, what: str) -> None:
    if size is not None and (count != size if exact else count > size):
        bound = "exactly" if exact else "at most"
        raise MessageError(f"expected {bound} {size} {what}, received {count}")


def _ends_early(count: int, buffer: memoryview, position: int) -> MessageError:
    return MessageError(
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
