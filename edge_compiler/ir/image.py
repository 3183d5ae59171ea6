"""Which tensors are images, and where their channels are: nothing in an ONNX model says so."""

from __future__ import annotations

from edge_compiler.ir.graph import Value
from edge_perception.runtime.manifest import Tensor

_CHANNELS = ((1, 3), (4,))
"""How many channels images have, the likelier numbers first."""


def image_layout(shape: tuple[int, ...]) -> str:
    """Return "NCHW" or "NHWC" for what looks like images, "" for anything else."""
    if len(shape) != 4:
        return ""
    for counts in _CHANNELS:
        if shape[1] in counts:
            return "NCHW"
        if shape[3] in counts:
            return "NHWC"
    return "NCHW"


def channel_axis(layout: str) -> int:
    """Return the axis of an image's channels."""
    return 3 if layout == "NHWC" else 1


def as_tensor(value: Value) -> Tensor:
    """Return what the manifest says of an input or output."""
    return Tensor(value.name, value.shape, value.type.name, image_layout(value.shape))
