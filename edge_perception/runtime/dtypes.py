"""The element types of tensors: what a manifest may name, and how numpy holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import math
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ElementType:
    """
    The type of a tensor's elements.

    :ivar name: as ONNX and numpy say it.
    :ivar number: ONNX's, and that of ``edge_element`` in edge_model.h.
    :ivar numpy: of an array of such elements, little-endian as all targets are. numpy has no
        bfloat16: an array holds its bits as uint16.
    """

    name: str
    number: int
    numpy: np.dtype[Any]

    @property
    def bytes(self) -> int:
        """Of an element."""
        return self.numpy.itemsize

    @property
    def is_float(self) -> bool:
        """Whether it rounds: results are compared within a tolerance, others must be equal."""
        return "float" in self.name

    def __str__(self) -> str:
        return self.name


_FORMS = {
    "float32": (1, "<f4"),
    "float16": (10, "<f2"),
    "float64": (11, "<f8"),
    "bfloat16": (16, "<u2"),
    "int8": (3, "|i1"),
    "uint8": (2, "|u1"),
    "int16": (5, "<i2"),
    "uint16": (4, "<u2"),
    "int32": (6, "<i4"),
    "uint32": (12, "<u4"),
    "int64": (7, "<i8"),
    "uint64": (13, "<u8"),
    "bool": (9, "|b1"),
}
ELEMENT_TYPES: Mapping[str, ElementType] = MappingProxyType(
    {name: ElementType(name, number, np.dtype(form)) for name, (number, form) in _FORMS.items()}
)
"""All element types by name."""

FLOAT32 = ELEMENT_TYPES["float32"]
INT32, INT64 = ELEMENT_TYPES["int32"], ELEMENT_TYPES["int64"]
UINT8, BOOL = ELEMENT_TYPES["uint8"], ELEMENT_TYPES["bool"]


@dataclass(frozen=True)
class Form:
    """What is known of an array before its elements are: shape and element type."""

    shape: tuple[int, ...]
    type: ElementType = FLOAT32

    @property
    def bytes(self) -> int:
        """Of all elements."""
        return math.prod(self.shape) * self.type.bytes

    def empty(self) -> NDArray[Any]:
        """Return an array of this form whose elements are still to be written."""
        return np.empty(self.shape, self.type.numpy)

    def fits(self, array: NDArray[Any]) -> bool:
        """Return whether an array has this form."""
        return array.shape == self.shape and array.dtype == self.type.numpy

    def __str__(self) -> str:
        return f"{self.type} {self.shape}"
