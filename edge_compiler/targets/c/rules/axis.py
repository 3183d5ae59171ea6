"""How kernels see an axis of a row-major value: what lies before it, along it and behind it."""

from __future__ import annotations

import math

from edge_compiler.targets.program.calls import Field
from edge_perception.runtime.dtypes import ElementType

Shape = tuple[int, ...]


def along(shape: Shape, first: int, last: int) -> tuple[int, int, int]:
    """Return the elements before, along and behind the axes from ``first`` to before ``last``."""
    return math.prod(shape[:first]), math.prod(shape[first:last]), math.prod(shape[last:])


def axis_fields(shape: Shape, axis: int) -> dict[str, Field]:
    """Return the fields of a kernel that works along an axis."""
    outer, length, inner = along(shape, axis, axis + 1)
    return {"outer": outer, "length": length, "inner": inner}


def gather_fields(shape: Shape, axis: int, type_: ElementType, count: int) -> dict[str, Field]:
    """Return the fields of ``gather``, which takes ``count`` elements along an axis."""
    outer, length, inner = along(shape, axis, axis + 1)
    return {"outer": outer, "length": length, "count": count, "bytes": inner * type_.bytes}
