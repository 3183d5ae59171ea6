"""Outputs that have the same number of values for each of a detector's candidates."""

from __future__ import annotations

from collections.abc import Sequence
import math

import numpy as np

from edge_perception.decode import Tensors
from edge_perception.decode.detections import Floats
from edge_perception.decode.parameters import misfit, read
from edge_perception.decode.signature import Described
from edge_perception.runtime.manifest import Tensor


class Rows:
    """
    A candidate's values in a row, whatever the outputs look like.

    An output may be a table [1, A, V] or [1, V, A], or a map of cells [1, h, w, K V],
    [1, K V, h, w] or [1, K, h, w, V] with K candidates in each. Several outputs, as those of
    several grids, are put one below the other.

    :ivar width: the number V of values in a row.
    """

    def __init__(self, model: Described, outputs: Sequence[Tensor], count: int) -> None:
        """
        Find out which axis has the values.

        :param count: how many candidates all outputs have together.
        :raises DecodeError: if they can't be so many.
        """
        self.width, rest = divmod(sum(math.prod(one.shape) for one in outputs), count)
        self._outputs = [(one, _axis(one.shape, self.width)) for one in outputs]
        if rest or not self.width or any(axis is None for _, axis in self._outputs):
            shapes = ", ".join(f"{one.name} {list(one.shape)}" for one in outputs)
            raise misfit(model, f"it has the outputs {shapes}, expected {count} candidates")

    def read(self, tensors: Tensors) -> Floats:
        """
        Return the values of all candidates [A, V].

        :raises DecodeError: if there is a NaN or an infinity among them.
        """
        parts = []
        for output, axis in self._outputs:
            assert axis is not None, "checked when it was made"
            values = read(tensors, output)
            if values.ndim == 5:
                values = np.moveaxis(values, 1, 3)
            parts.append(np.moveaxis(values, axis, -1).reshape(-1, self.width))
        return np.concatenate(parts) if len(parts) > 1 else parts[0]


def _axis(shape: tuple[int, ...], width: int) -> int | None:
    """Return the axis of the values: the last one or that of channels, rather if it is no more."""
    if not width or len(shape) < 2:
        return None
    usual = (1, len(shape) - 1) if len(shape) == 4 else (len(shape) - 1, 1)
    exact = [axis for axis in usual if shape[axis] == width]
    several = [axis for axis in usual if shape[axis] % width == 0]
    return next(iter(exact + several), None)
