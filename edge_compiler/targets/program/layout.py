"""The layouts in which values lie in memory, as data."""

from __future__ import annotations

from dataclasses import dataclass
import math

from edge_compiler.ir.graph import Value
from edge_perception.runtime.dtypes import FLOAT32

BLOCK = 16
"""Channels that lie side by side in a blocked image: the lanes of the widest vector."""


@dataclass(frozen=True)
class Layout:
    """
    How the elements of a value lie.

    :ivar name: for people.
    :ivar is_image: the value is an image, channels before height and width, whose pixels lie in
        planes of rows; else its elements lie in row-major order, whatever its shape.
    :ivar lanes: channels that lie side by side in a pixel; 0: all.
    """

    name: str
    is_image: bool = True
    lanes: int = 0

    def extent(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """Return channels, height and width; what is no image is so many channels of a pixel."""
        return image_size(shape) if self.is_image else (math.prod(shape), 1, 1)

    def __str__(self) -> str:
        return self.name


DENSE = Layout("row-major", is_image=False, lanes=1)
PLANAR = Layout("planes", lanes=1)
BLOCKED = Layout("blocks", lanes=BLOCK)
CHANNELS_LAST = Layout("channels last")


def is_image(value: Value) -> bool:
    """Return whether a value can be stored as an image: one of float32, channels first."""
    return len(value.shape) == 4 and value.shape[0] == 1 and value.type == FLOAT32


def image_size(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return channels, height and width of an image."""
    _, channels, height, width = shape
    return channels, height, width
