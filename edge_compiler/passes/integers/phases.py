"""
A transposed convolution as an ordinary one whose channels are the pixels between its inputs.

With a stride s, results that are s apart read the same places of the kernel: these are a phase. A
convolution computes all phases of a pixel as channels, and DepthToSpace lays them side by side;
what lies outside of the result is cut off. Shi et al., "Is the deconvolution layer the same as a
convolutional layer?", 2016.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_compiler.ir.graph import Node

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Phases:
    """
    The convolution.

    :ivar stride: of the transposed one; there are its square phases.
    :ivar sides: of the convolution's kernel.
    :ivar starts: where the result begins among all pixels.
    """

    stride: int
    sides: tuple[int, int]
    starts: tuple[int, int]

    @property
    def count(self) -> int:
        """How many phases there are."""
        return self.stride**2

    @property
    def pads(self) -> list[int]:
        """What the convolution pads with."""
        return [side - 1 for side in self.sides] * 2

    def wide_shape(self, shape: tuple[int, ...], channels: int) -> tuple[int, ...]:
        """Return the shape of what the convolution computes of an input."""
        height, width = (size + side - 1 for size, side in zip(shape[2:], self.sides, strict=True))
        return (shape[0], channels * self.count, height, width)

    def weights(self, weights: Array) -> Array:
        """Return the weights, with output channels and their phases first, of those of a node."""
        inputs, outputs, *kernel = weights.shape
        rows, columns = self.sides
        whole = np.zeros(
            (inputs, outputs, rows * self.stride, columns * self.stride), weights.dtype
        )
        whole[:, :, : kernel[0], : kernel[1]] = weights
        parts = whole.reshape(inputs, outputs, rows, self.stride, columns, self.stride)
        turned = parts[:, :, ::-1, :, ::-1].transpose(1, 3, 5, 0, 2, 4)
        return np.ascontiguousarray(turned.reshape(outputs * self.count, inputs, rows, columns))


def phases_of(node: Node) -> Phases | str:
    """Return the convolution that computes a ConvTranspose, or why there is none."""
    a, kernel = node.attributes, node.input(1).shape[2:]
    if len(kernel) != 2 or a["group"] != 1:
        return "it convolves other than images of all channels"
    if any(dilation != 1 for dilation in a["dilations"]) or a["auto_pad"] != "NOTSET":
        return "its kernel has gaps, or its padding isn't stated"
    if len(set(a["strides"])) != 1:
        return "its strides differ"
    stride = a["strides"][0]
    height, width = (-(-size // stride) for size in kernel)
    found = Phases(stride, (height, width), tuple(a["pads"][:2]))
    _, _, *pixels = found.wide_shape(node.input(0).shape, 1)
    ends = zip(found.starts, node.output.shape[2:], pixels, strict=True)
    if any(start < 0 or start + size > stride * whole for start, size, whole in ends):
        return "its result is larger than its kernel reaches"
    return found
