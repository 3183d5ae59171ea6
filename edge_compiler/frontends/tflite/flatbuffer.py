"""Reading FlatBuffers, the format of TensorFlow Lite's files; every place is checked."""

from __future__ import annotations

from collections.abc import Callable
import struct
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


class Table:
    """
    A table of a buffer: fields by number, as the format's schema counts them.

    What points outside of the buffer raises ValueError.
    """

    def __init__(self, data: bytes, place: int) -> None:
        """
        Take the table at a place.

        :param data: the whole buffer.
        """
        self._data, self._place = data, place
        self._fields = place - int(_unpack("<i", data, place))
        self._count = (int(_unpack("<H", data, self._fields)) - 4) // 2

    @classmethod
    def root(cls, data: bytes) -> Table:
        """Return the table that a buffer is about."""
        return cls(data, int(_unpack("<I", data, 0)))

    def number(self, field: int, form: str = "<i", default: int = 0) -> int:
        """Return a whole number; ``form`` is as for `struct`."""
        place = self._at(field)
        return default if place is None else int(_unpack(form, self._data, place))

    def real(self, field: int) -> float:
        """Return a number of float32."""
        place = self._at(field)
        return 0.0 if place is None else _unpack("<f", self._data, place)

    def table(self, field: int) -> Table | None:
        """Return a table."""
        place = self._at(field)
        return None if place is None else Table(self._data, self._follow(place))

    def text(self, field: int, most: int = 4096) -> str:
        """Return a text of so many bytes at most, empty if there is none."""
        return self.array(field, np.uint8, most).tobytes().decode(errors="replace")

    def array(self, field: int, dtype: Any, most: int | None = None) -> np.ndarray[Any, Any]:
        """Return a vector of so many numbers at most, empty if there is none."""
        begin, count = self._vector(field)
        if most is not None and count > most:
            raise ValueError(f"a vector of at most {most} numbers has {count}")
        return np.frombuffer(self._data, np.dtype(dtype).newbyteorder("<"), count, begin)

    def tables(self, field: int, make: Callable[[Table], T]) -> list[T]:
        """Return what is made of each table of a vector."""
        return [make(table) for table in self.each(field)]

    def each(self, field: int) -> list[Table]:
        """Return the tables of a vector."""
        begin, count = self._vector(field)
        if count > len(self._data) // 4:
            raise ValueError(f"a vector of {count} tables is longer than the file")
        places = range(begin, begin + 4 * count, 4)
        return [Table(self._data, self._follow(place)) for place in places]

    def _vector(self, field: int) -> tuple[int, int]:
        place = self._at(field)
        if place is None:
            return 0, 0
        begin = self._follow(place)
        return begin + 4, int(_unpack("<I", self._data, begin))

    def _at(self, field: int) -> int | None:
        if field >= self._count:
            return None
        offset = int(_unpack("<H", self._data, self._fields + 4 + 2 * field))
        return self._place + offset if offset else None

    def _follow(self, place: int) -> int:
        return place + int(_unpack("<I", self._data, place))


def _unpack(form: str, data: bytes, place: int) -> float:
    """Return a number; whole ones are as exact as a float, which has 53 bits."""
    if not 0 <= place <= len(data) - struct.calcsize(form):
        raise ValueError(f"byte {place} is outside of the file")
    number: float = struct.unpack_from(form, data, place)[0]
    return number
