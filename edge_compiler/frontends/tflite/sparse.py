"""Sparse constants of TensorFlow Lite: where their numbers stand, one axis after the other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from edge_compiler.builder import Array
from edge_compiler.frontends.tflite.flatbuffer import Table
from edge_compiler.frontends.tflite.operator import UnsupportedError

_VECTORS: dict[int, Any] = {1: np.int32, 2: np.uint16, 3: np.uint8}
"""What a list of indices consists of, by its number in the schema."""
_DENSE = 0
_MOST_GROWTH = 64
"""Times the size of what the file holds of a tensor that it has, zeros included."""


def densify(values: Array, shape: tuple[int, ...], sparsity: Table) -> Array:
    """
    Return a tensor with its zeros.

    :param values: the others, in the order in which the levels come to them.
    :param sparsity: the file's table of them.
    :raises ValueError: if it doesn't fit the values and the shape.
    :raises UnsupportedError: if it has blocks.
    """
    order = sparsity.array(0, np.int32, 2 * len(shape)).tolist()
    if len(order) != len(shape) or len(sparsity.array(1, np.int32)):
        raise UnsupportedError(
            "its weights are sparse by blocks: convert the model with dense ones"
        )
    levels = sparsity.each(2)
    if sorted(order) != list(range(len(shape))) or len(levels) != len(shape):
        raise ValueError(f"sparse weights of {list(shape)} have the axes {order}")
    if math.prod(shape) > _MOST_GROWTH * max(len(values), 1):
        raise ValueError(f"sparse weights of {list(shape)} have {len(values)} numbers")
    places: list[Array] = []
    count = 1
    for axis, level in zip(order, levels, strict=True):
        begins, indices = _level(level, count, shape[axis])
        counts = np.diff(begins)
        places = [np.repeat(place, counts) for place in places]
        places.append(indices)
        count = len(indices)
    if count != len(values):
        raise ValueError(f"sparse weights have {count} places for {len(values)} numbers")
    dense = np.zeros(shape, values.dtype)
    dense[tuple(places[order.index(axis)] for axis in range(len(shape)))] = values
    return dense


def _level(level: Table, count: int, size: int) -> tuple[Array, Array]:
    """Return where what each of the elements above holds begins and ends, and its indices."""
    if level.number(0, "<b") == _DENSE:
        if level.number(1) != size:
            raise ValueError(f"sparse weights have {level.number(1)} of {size} places")
        return np.arange(count + 1) * size, np.tile(np.arange(size), count)
    begins, indices = _numbers(level, 2), _numbers(level, 4)
    if len(begins) != count + 1 or begins[0] or begins[-1] != len(indices):
        raise ValueError("the segments of sparse weights don't fit their indices")
    if (np.diff(begins) < 0).any() or (indices < 0).any() or (indices >= size).any():
        raise ValueError("an index of sparse weights lies outside of them")
    return begins, indices


def _numbers(level: Table, field: int) -> Array:
    """Return a list of numbers; the field before it says of which kind."""
    kind, table = _VECTORS.get(level.number(field, "<B")), level.table(field + 1)
    if kind is None or table is None:
        raise ValueError("sparse weights lack a list of their indices")
    return table.array(0, kind).astype(np.int64)
