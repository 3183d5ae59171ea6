"""What the rules of all back ends read of nodes: windows, matrices, where parts begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from edge_compiler.ir.graph import Node, Value
from edge_compiler.ops import has_constant_weights
from edge_compiler.targets.program.buffers import Halo
from edge_compiler.targets.program.calls import Field
from edge_compiler.targets.program.limits import require_type
from edge_perception.runtime.dtypes import FLOAT32

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Geometry:
    """A convolution's attributes: pairs are (vertical, horizontal)."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    pads: tuple[int, int, int, int]

    @classmethod
    def of(cls, node: Node) -> Geometry:
        """Read the attributes of a Conv or pool node; along a line there is one row."""
        a = node.attributes
        kernel, stride, dilation = (
            (1, *a[name])[-2:] for name in ("kernel_shape", "strides", "dilations")
        )
        before, after = a["pads"][: len(a["pads"]) // 2], a["pads"][len(a["pads"]) // 2 :]
        return cls(kernel, stride, dilation, (*(0, *before)[-2:], *(0, *after)[-2:]))

    def halo(self, size: tuple[int, int], out: tuple[int, int]) -> Halo:
        """Return the zeros that the kernel reads around an image of ``size``."""
        top, left = self.pads[:2]
        reach = [
            (out[i] - 1) * self.stride[i] + (self.kernel[i] - 1) * self.dilation[i] + 1
            for i in range(2)
        ]
        return Halo(top, left, max(0, reach[0] - top - size[0]), max(0, reach[1] - left - size[1]))

    def fields(self) -> dict[str, Field]:
        """Return the fields that every windowed kernel has."""
        names = ("kernel", "stride", "dilation")
        return {f"{n}_{axis}": getattr(self, n)[i] for n in names for i, axis in enumerate("hw")}

    def __str__(self) -> str:
        stride = f" stride {self.stride[0]}" if self.stride != (1, 1) else ""
        return f"{self.kernel[0]}x{self.kernel[1]}{stride}"


def required(node: Node, index: int) -> Array:
    """Return the data of an input that the checks have found to be constant."""
    data = node.constant(index)
    if data is None:
        raise ValueError(f"{node.op} node {node.name!r}: input {index} is not constant")
    return data


def is_layer_of_row(node: Node) -> bool:
    """Return whether a Gemm or MatMul multiplies one row by a constant matrix."""
    value, weights = node.input(0), node.input(1)
    return (
        value.size == value.shape[-1]
        and len(weights.shape) == 2
        and has_constant_weights(node)
        and not node.attributes.get("transA")
    )


def matrix_and_bias(node: Node) -> tuple[Array, Array]:
    """Return the constant matrix of a layer, as (out, in), and its bias, ready to be used."""
    a, matrix, bias = node.attributes, required(node, 1), node.constant(2)
    w = matrix if a.get("transB") else matrix.T
    b = np.zeros(w.shape[0], np.float32)
    if bias is not None:
        b = np.broadcast_to(bias, (1, w.shape[0]))[0] * np.float32(a.get("beta", 1.0))
    alpha = a.get("alpha", 1.0)
    return (w if alpha == 1 else w * np.float32(alpha)), b


def starts(values: Sequence[Value], axis: int) -> list[int]:
    """Return where each value begins when they stand side by side along ``axis``."""
    return [0, *accumulate(value.shape[axis] for value in values)][:-1]


def require_float32(node: Node) -> str | None:
    """Return a reason if a node reads or computes something else than float32."""
    for value in (*node.inputs[:1], *node.outputs[:1]):
        if value is not None and (reason := require_type(value, (FLOAT32,))):
            return reason
    return None
