"""How the axes of a tensor lie in ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Order = tuple[int, ...]
"""For each axis of a tensor the axis that it is in ONNX."""
IMAGE: Order = (0, 2, 3, 1)
"""The order of an image: of its axes (image, row, column, channel) the channels come first."""


@dataclass(frozen=True)
class Value:
    """What a tensor is in ONNX."""

    name: str
    order: Order


def plain(rank: int) -> Order:
    """Return the order that changes nothing."""
    return tuple(range(rank))


def ordered(sizes: Sequence[Any], order: Order) -> list[Any]:
    """Return what belongs to a tensor's axes in the order of ONNX."""
    return [sizes[order.index(axis)] for axis in range(len(order))]
