"""Reading weights out of files that PyTorch saved before version 1.6, without PyTorch."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
import io
import math
from typing import Any

import numpy as np

from edge_compiler.builder import Array
from edge_compiler.errors import CompileError
from edge_compiler.zoo.unpickle import SafeUnpickler

_MAGIC = 0x1950A86A20F9469CFC6C
_HEADER = 3  # pickles before that of the weights: magic number, version, machine


@dataclass(frozen=True)
class _View:
    """A tensor: where it is in the storage of that key."""

    key: str
    dtype: np.dtype[Any]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _view(
    storage: tuple[str, np.dtype[Any]], offset: int, shape: Any, strides: Any, *_: Any
) -> _View:
    return _View(*storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


_ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _view,
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("torch", "LongStorage"): np.dtype("<i8"),
}
"""All that a file of weights names."""


class _Unpickler(SafeUnpickler):
    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream, _ALLOWED, "tensors")

    def persistent_load(self, pid: Any) -> tuple[str, np.dtype[Any]]:
        _, dtype, key, *_ = pid
        return str(key), np.dtype(dtype)


def load_tensors(data: bytes, where: str) -> dict[str, Array]:
    """
    Return the tensors of a file by name.

    :param where: what the file is, for messages.
    :raises CompileError: if it is damaged, or there is anything else in it.
    """
    try:
        stream = io.BytesIO(data)
        magic, *_ = (_Unpickler(stream).load() for _ in range(_HEADER))
        if magic != _MAGIC:
            raise ValueError("it was not saved by PyTorch before version 1.6")
        views, keys = _Unpickler(stream).load(), _Unpickler(stream).load()
        types = {view.key: view.dtype for view in views.values()}
        storages = {key: _storage(stream, types[key]) for key in keys}
        return {name: _tensor(view, storages[view.key]) for name, view in views.items()}
    except Exception as error:  # a damaged pickle may raise anything
        raise CompileError(f"{where} is refused: {error}") from error


def _storage(stream: io.BytesIO, dtype: np.dtype[Any]) -> Array:
    count = int.from_bytes(stream.read(8), "little")
    size = count * dtype.itemsize
    data = stream.read(min(size, len(stream.getbuffer())))
    if len(data) < size:
        raise ValueError("it is cut short")
    return np.frombuffer(data, dtype)


def _tensor(view: _View, storage: Array) -> Array:
    """Return a copy of a tensor, after a look at whether all of it is there."""
    last = view.offset + sum(
        (size - 1) * stride for size, stride in zip(view.shape, view.strides, strict=True)
    )
    if min((view.offset, *view.strides)) < 0 or 0 in view.shape or last >= len(storage):
        raise ValueError("a tensor is not within its storage")
    if math.prod(view.shape) > len(storage):
        raise ValueError("a tensor is larger than its storage")
    strides = [stride * view.dtype.itemsize for stride in view.strides]
    begin = storage[view.offset :]
    return np.array(np.lib.stride_tricks.as_strided(begin, view.shape, strides))
