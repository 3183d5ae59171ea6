"""The layouts in which values lie in memory, as data."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
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
    :ivar is_image: the value is so many images as its first dimension says, channels before height
        and width, whose pixels lie in planes of rows; else its elements lie in row-major order,
        whatever its shape.
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
    """Return whether a value can be stored as images, of float32 or quantised, channels first."""
    numbers = value.type == FLOAT32 or value.quantisation is not None
    return len(value.shape) in (3, 4) and numbers


def has_sides(value: Value) -> bool:
    """Return whether a value is made of images with height and width, and not of lines."""
    return len(value.shape) == 4 and is_image(value)


def image_shape(shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return number, channels, height and width of images; a line is one row of pixels."""
    images, channels, *sides = shape
    height, width = (1, *sides)[-2:]
    return images, channels, height, width


def image_size(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return channels, height and width of an image, of which there may be several."""
    return image_shape(shape)[1:]


def row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the elements from one to the next along each axis of a row-major value."""
    sizes = accumulate((1, *reversed(shape[1:])), lambda a, b: a * b)
    return tuple(sizes)[: len(shape)][::-1]


def repeated(
    shape: tuple[int, ...], full: tuple[int, ...], steps: tuple[int, ...] | None = None
) -> tuple[int, ...]:
    """
    Return the steps along each axis of ``full`` in a value that broadcasts to it.

    :param steps: along each axis of the value; None: it is row-major.
    """
    known = zip(shape, row_major(shape) if steps is None else steps, strict=True)
    missing = (0,) * (len(full) - len(shape))
    return missing + tuple(0 if size == 1 else step for size, step in known)


def merge_axes(
    shape: tuple[int, ...], *steps: tuple[int, ...]
) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
    """
    Return a shape and steps with fewer axes that name the same elements in the same order.

    :param steps: of each operand, the elements from one to the next along each axis.
    """
    kept: list[tuple[int, ...]] = []
    for size, *here in zip(reversed(shape), *map(reversed, steps), strict=True):
        if size == 1:
            continue
        if kept and tuple(here) == tuple(kept[-1][0] * step for step in kept[-1][1:]):
            kept[-1] = (size * kept[-1][0], *kept[-1][1:])  # it goes on in equal steps
        else:
            kept.append((size, *here))
    merged = list(zip(*reversed(kept), strict=True)) or [()] * (1 + len(steps))
    return merged[0], merged[1:]
