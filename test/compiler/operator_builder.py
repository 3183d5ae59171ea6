"""What models of operators are built with: sizes that fit no tile, and a builder."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from small_models import Array, make_model, node, with_output_types

FLOAT, BOOL, UINT8 = onnx.TensorProto.FLOAT, onnx.TensorProto.BOOL, onnx.TensorProto.UINT8
CHANNELS, HEIGHT, WIDTH = 20, 9, 11
"""The channels do not fill their last block; the sides fit no tile."""
IMAGE = (1, CHANNELS, HEIGHT, WIDTH)
MANY = (1, 37, HEIGHT, WIDTH)
PICTURE = (1, 3, HEIGHT, 40)
DEEP = (1, 40, 12, 13)
"""Channels enough for Winograd's way."""
DEEPER = (1, 120, 5, 7)
"""With some hundred output channels, too many weights to keep them transformed."""
MIXED = (1, 192, 11, 13)
"""Channels and pixels enough for Strassen's way; their number is odd."""
LINE = 2100
"""Long enough for a sum in several parts."""
EDGES = {"pads": [1, 1, 1, 1]}


class Builder:
    """Collects nodes; each is named like its output, and every output is one of the model."""

    def __init__(self, types: dict[str, int] | None = None, **inputs: tuple[int, ...]) -> None:
        self.inputs, self.types = inputs, types or {}
        self._random = np.random.default_rng(0)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, Array] = {}
        self.inner: set[str] = set()

    def numbers(self, *shape: int, low: float = -1, high: float = 1) -> Array:
        return self._random.uniform(low, high, shape).astype(np.float32)

    def constant(self, array: Array | list[int] | float) -> str:
        name = f"constant{len(self.constants)}"
        data = np.asarray(array)
        self.constants[name] = data.astype(np.float32) if data.dtype == np.float64 else data
        return name

    def add(self, name: str, op: str, inputs: str = "x", **attributes: Any) -> str:
        """Add a node; several outputs are separated by spaces."""
        self.nodes.append(node(op, inputs, name, name=name.split()[0], **attributes))
        return name

    def conv(
        self, name: str, outputs: int, kernel: int = 3, value: str = "x", **attributes: Any
    ) -> str:
        """Add a convolution with bias whose results are about as large as what it reads."""
        group = attributes.get("group", 1)
        channels = self.inputs.get(value, IMAGE)[1] // group
        scale = (channels * kernel * kernel) ** -0.5
        w = self.constant(self.numbers(outputs, channels, kernel, kernel, low=-2, high=2) * scale)
        b = self.constant(self.numbers(outputs))
        return self.add(name, "Conv", f"{value} {w} {b}", **attributes)

    def transposed(
        self, name: str, outputs: int, kernel: int, value: str = "x", **attributes: Any
    ) -> str:
        """Add a transposed convolution of an input with bias."""
        shape, group = self.inputs[value], attributes.get("group", 1)
        channels = shape[1]
        w = self.numbers(channels, outputs // group, *[kernel] * (len(shape) - 2))
        scaled = self.constant(w * (channels / group) ** -0.5)
        bias = self.constant(self.numbers(outputs))
        return self.add(name, "ConvTranspose", f"{value} {scaled} {bias}", **attributes)

    def model(self) -> onnx.ModelProto:
        outputs = [name for n in self.nodes for name in n.output if name not in self.inner]
        types = self.types
        model = make_model(self.nodes, self.inputs, self.constants, outputs, types=types)
        return with_output_types(model)
