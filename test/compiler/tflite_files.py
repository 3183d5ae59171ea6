"""Small files of TensorFlow Lite, written field by field, and what they compute in NumPy."""

from __future__ import annotations

from collections.abc import Sequence
import struct
from typing import Any

import numpy as np

Fields = dict[int, Any]
RANDOM = np.random.default_rng(0)


class Writer:
    """Writes tables: a field is (form, number), bytes, an array, or a list of tables' fields."""

    def __init__(self) -> None:
        self.data = bytearray(4) + b"TFL3"

    def finish(self, root: Fields) -> bytes:
        struct.pack_into("<I", self.data, 0, self._table(root))
        return bytes(self.data)

    def _table(self, fields: Fields) -> int:
        count = max(fields, default=-1) + 1
        self._align()
        begin = len(self.data)
        self.data += struct.pack("<HH", 4 + 2 * count, 4 + 4 * count)
        self.data += b"".join(
            struct.pack("<H", 4 + 4 * i if i in fields else 0) for i in range(count)
        )
        self._align()
        place = len(self.data)
        self.data += struct.pack("<i", place - begin) + bytes(4 * count)
        for field, value in fields.items():
            slot = place + 4 + 4 * field
            if isinstance(value, tuple):
                struct.pack_into(value[0], self.data, slot, value[1])
            else:
                struct.pack_into("<I", self.data, slot, self._child(value) - slot)
        return place

    def _child(self, value: Any) -> int:
        if isinstance(value, dict):
            return self._table(value)
        self._align()
        place = len(self.data)
        if isinstance(value, list):
            self.data += struct.pack("<I", len(value)) + bytes(4 * len(value))
            for number, fields in enumerate(value):
                slot = place + 4 + 4 * number
                struct.pack_into("<I", self.data, slot, self._table(fields) - slot)
        else:
            array = np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value
            self.data += struct.pack("<I", len(array)) + array.tobytes()
        return place

    def _align(self) -> None:
        self.data += bytes(-len(self.data) % 4)


class File:
    """A file with an image of 8 x 6 pixels and 3 channels as its input."""

    def __init__(self) -> None:
        self.tensors: list[Fields] = []
        self.buffers: list[Fields] = [{}]
        self.operators: list[Fields] = []
        self.codes: list[Fields] = []
        self.image = self.tensor("in", (1, 8, 6, 3))

    def tensor(self, name: str, shape: Sequence[int], array: np.ndarray | None = None) -> int:
        kind, buffer = 0, 0
        if array is not None:
            kind = {"float32": 0, "float16": 1, "int32": 2}[array.dtype.name]
            buffer = len(self.buffers)
            self.buffers.append({0: array.tobytes()})
        fields = {0: np.array(shape, np.int32), 1: ("<b", kind), 2: ("<I", buffer)}
        self.tensors.append({**fields, 3: name.encode()})
        return len(self.tensors) - 1

    def add(
        self, code: int, inputs: list[int], output: int, options: Fields | None = None
    ) -> None:
        fields: Fields = {
            0: ("<I", len(self.codes)),
            1: np.array(inputs, np.int32),
            2: np.array([output], np.int32),
        }
        if options is not None:
            fields[4] = options
        self.codes.append({0: ("<b", code)})
        self.operators.append(fields)

    def write(self, output: int) -> bytes:
        graph = {
            0: self.tensors,
            1: np.array([self.image], np.int32),
            2: np.array([output], np.int32),
            3: self.operators,
        }
        return Writer().finish({1: self.codes, 2: [graph], 4: self.buffers})


def numbers(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


def small() -> tuple[bytes, Any]:
    """Return a file, and what it computes, in NumPy."""
    file = File()
    kernel, bias, depth = numbers(4, 3, 3, 3), numbers(4), numbers(1, 3, 3, 4)
    half = file.tensor("half", depth.shape, depth.astype(np.float16))
    whole = file.tensor("whole", depth.shape)
    file.add(6, [half], whole)
    first = file.tensor("first", (1, 4, 3, 4))
    constants = [file.tensor("k", kernel.shape, kernel), file.tensor("b", (4,), bias)]
    stride = {1: ("<i", 2), 2: ("<i", 2)}
    file.add(3, [file.image, *constants], first, {0: ("<b", 0), **stride, 3: ("<b", 3)})
    second = file.tensor("second", (1, 4, 3, 4))
    one = {1: ("<i", 1), 2: ("<i", 1)}
    file.add(4, [first, whole, -1], second, {0: ("<b", 0), **one, 3: ("<i", 1), 4: ("<b", 1)})
    padded = file.tensor("padded", (1, 4, 3, 6))
    pads = file.tensor("pads", (4, 2), np.array([[0, 0], [0, 0], [0, 0], [0, 2]], np.int32))
    file.add(34, [second, pads], padded)
    slope = numbers(1, 1, 6)
    bent = file.tensor("bent", (1, 4, 3, 6))
    file.add(54, [padded, file.tensor("slope", slope.shape, slope)], bent)
    flat = file.tensor("out", (1, 12, 6))
    file.add(22, [bent], flat)

    def compute(image: np.ndarray) -> np.ndarray:
        x = np.clip(convolve(image, kernel, 2) + bias, 0, 6)
        depths = depth.astype(np.float16).astype(np.float32)
        separate = [convolve(x[..., i : i + 1], depths[..., i : i + 1], 1) for i in range(4)]
        x = np.maximum(np.concatenate(separate, axis=-1), 0)
        x = np.concatenate([x, np.zeros((1, 4, 3, 2), np.float32)], axis=-1)
        return np.where(x > 0, x, x * slope).reshape(1, 12, 6)

    return file.write(flat), compute


def convolve(x: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """Return a convolution 3 x 3, channels last, which keeps the size but for the stride."""
    rows, columns = (-(-size // stride) for size in x.shape[1:3])
    before = [
        max(0, (n - 1) * stride + 3 - size) // 2
        for n, size in zip((rows, columns), x.shape[1:3], strict=True)
    ]
    padded = np.pad(x[0], [(before[0], 3), (before[1], 3), (0, 0)])
    out = np.empty((1, rows, columns, len(kernel)), np.float32)
    for row in range(rows):
        for column in range(columns):
            top, left = row * stride, column * stride
            window = padded[top : top + 3, left : left + 3]
            out[0, row, column] = np.tensordot(kernel, window, 3)
    return out
