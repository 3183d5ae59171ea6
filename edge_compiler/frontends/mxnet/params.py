"""
MXNet's files of parameters: arrays with names, in the format of ``NDArray::Save`` (MXNet 1.9).

Every size is compared with what the file has before anything is made of it.
"""

from __future__ import annotations

import math
from pathlib import Path
import struct

import numpy as np

from edge_compiler.builder import Array

MAGIC = 0x112
_LEGACY_SHAPES = 0xF993FAC8  # of 64 bits; arrays of older versions begin with their rank
_WITH_STORAGE, _WITH_UNKNOWN = 0xF993FAC9, 0xF993FACA
_TYPES = ("<f4", "<f8", "<f2", "u1", "<i4", "i1", "<i8")
_LARGEST_RANK = 32


class _Reader:
    """Takes numbers from the beginning of what is left of a file."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, size: int) -> memoryview:
        """Return bytes."""
        left = len(self._data) - self._at
        if size > left:
            raise ValueError(f"{size} bytes are expected at byte {self._at}, {left} are left")
        self._at += size
        return memoryview(self._data)[self._at - size : self._at]

    def number(self, form: str) -> int:
        """Return a number; ``form`` is as for `struct`."""
        return int(struct.unpack(form, self.take(struct.calcsize(form)))[0])


def read_params(path: Path) -> dict[str, Array]:
    """
    Return the arrays of a file; names begin with ``arg:`` or ``aux:``.

    :raises ValueError: if the file is damaged or has something else than dense arrays.
    """
    reader = _Reader(path.read_bytes())
    try:
        if reader.number("<Q") != MAGIC:
            raise ValueError("it does not begin as one")
        reader.number("<Q")  # reserved
        arrays = [_array(reader) for _ in range(_count(reader))]
        names = [str(reader.take(reader.number("<Q")), "utf-8") for _ in range(_count(reader))]
        return dict(zip(names, arrays, strict=True))
    except ValueError as error:
        raise ValueError(f"{path.name} is no file of MXNet's parameters: {error}") from error


def _count(reader: _Reader) -> int:
    return reader.number("<Q")


def _array(reader: _Reader) -> Array:
    magic = reader.number("<I")
    if magic in (_WITH_STORAGE, _WITH_UNKNOWN) and (storage := reader.number("<i")) != 0:
        raise ValueError(f"it has an array of the sparse storage {storage}; save dense ones")
    is_old = magic not in (_LEGACY_SHAPES, _WITH_STORAGE, _WITH_UNKNOWN)
    rank = magic if is_old else reader.number("<i")
    if not 0 < rank <= _LARGEST_RANK:
        raise ValueError(f"it has an array of {rank} dimensions")
    shape = [reader.number("<I" if is_old else "<q") for _ in range(rank)]
    reader.take(8)  # the device that it was on
    kind = reader.number("<i")
    if not 0 <= kind < len(_TYPES) or min(shape) < 0:
        raise ValueError(f"it has an array of the type {kind} and the shape {shape}")
    dtype = np.dtype(_TYPES[kind])
    data = reader.take(math.prod(shape) * dtype.itemsize)
    return np.frombuffer(data, dtype).reshape(shape)
