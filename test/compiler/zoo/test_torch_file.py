"""Weights that PyTorch saved: what is read of them, and what is refused."""

from __future__ import annotations

from collections import OrderedDict
import contextlib
import io
import os
import pickle
import sys
from types import ModuleType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from edge_compiler.errors import CompileError
from edge_compiler.zoo.torch_file import load_tensors

MAGIC = 0x1950A86A20F9469CFC6C
NUMBERS = np.arange(12, dtype="<f4")


class FloatStorage:
    """Is pickled as PyTorch's: the key of numbers that follow in the file."""


def _rebuild_tensor_v2(*_: Any) -> None:
    """Make a tensor, in PyTorch."""


class Tensor:
    """A view of the storage of some key."""

    def __init__(self, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        self.arguments = (FloatStorage(), offset, shape, strides, False, OrderedDict())

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_tensor_v2, self.arguments


class Pickler(pickle.Pickler):
    def persistent_id(self, item: Any) -> Any:
        if isinstance(item, FloatStorage):
            return ("storage", FloatStorage, "7", "cpu", len(NUMBERS), None)
        return None


def saved(content: object) -> bytes:
    """Return a file as PyTorch 1.5 saves it."""
    modules = {name: ModuleType(name) for name in ("torch", "torch._utils")}
    modules["torch"].FloatStorage = FloatStorage  # type: ignore[attr-defined]
    modules["torch._utils"]._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    before = {name: sys.modules.get(name) for name in modules}
    FloatStorage.__module__, _rebuild_tensor_v2.__module__ = modules
    sys.modules.update(modules)
    try:
        stream = io.BytesIO()
        for part in (MAGIC, 1001, {"little_endian": True}, content, ["7"]):
            Pickler(stream, 2).dump(part)
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    return stream.getvalue() + len(NUMBERS).to_bytes(8, "little") + NUMBERS.tobytes()


FILE = saved(OrderedDict(a=Tensor(0, (3, 4), (4, 1)), b=Tensor(1, (2, 3), (1, 4))))


def test_tensors_are_views_of_their_storage() -> None:
    tensors = load_tensors(FILE, "file")
    np.testing.assert_array_equal(tensors["a"], NUMBERS.reshape(3, 4))
    np.testing.assert_array_equal(tensors["b"], [[1, 5, 9], [2, 6, 10]])


@pytest.mark.parametrize(
    "tensor",
    [
        Tensor(0, (13,), (1,)),
        Tensor(-1, (2,), (1,)),
        Tensor(11, (2,), (-1,)),
        Tensor(0, (2, 2), (1,)),
        Tensor(0, (1 << 40, 1 << 40), (0, 0)),
    ],
)
def test_tensors_beyond_their_storage_are_refused(tensor: Tensor) -> None:
    with pytest.raises(CompileError, match="file is refused"):
        load_tensors(saved({"a": tensor}), "file")


class Malicious:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("exit 1",)


def test_only_tensors_are_named() -> None:
    with pytest.raises(CompileError, match=r"it names (posix|nt)\.system, and only tensors"):
        load_tensors(saved({"a": Malicious()}), "file")
    with pytest.raises(CompileError, match="it was not saved by PyTorch"):
        load_tensors(b"".join(pickle.dumps(number) for number in range(3)), "file")


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(FILE) - 1), st.binary(min_size=1, max_size=3), st.booleans())
def test_damaged_files_are_refused_or_other_weights(place: int, change: bytes, cut: bool) -> None:
    damaged = FILE[:place] if cut else FILE[:place] + change + FILE[place + len(change) :]
    with contextlib.suppress(CompileError):
        load_tensors(damaged, "file")
