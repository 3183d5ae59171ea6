"""A tensor in float64 with the error that float32 arithmetic may make of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

UNIT = 2.0**-24
"""Relative error of one rounding to float32."""

CERTAINTY = 4.0
"""Standard deviations: of sums of that many independent roundings, all but one in 30,000 hold."""

_SMALLEST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Exact:
    """
    What an operator computes, and what its rounding errors depend on.

    :ivar value: in float64; integers stay what they are.
    :ivar size: the sum of the absolute values of all terms that make up each element, products
        multiplied out; a function multiplies it by its derivative. Where terms cancel, it is far
        larger than the value.
    :ivar depth: how many roundings a term may meet one after the other.
    """

    value: Array
    size: Array
    depth: int = 0

    @classmethod
    def of(cls, array: Array) -> Exact:
        """Return what is known exactly."""
        if array.dtype.kind != "f":
            return cls(array, array)
        value = array.astype(np.float64)
        return cls(value, np.where(np.isfinite(value), np.abs(value), 0.0))

    def allowed(self) -> Array:
        """
        Return how far float32 arithmetic in any order may be off, element by element.

        N. J. Higham and T. Mary, "A New Approach to Probabilistic Rounding Error Analysis", SIAM
        Journal on Scientific Computing 41 (5), 2019: errors grow like the root of their number.
        """
        allowed: Array = CERTAINTY * np.sqrt(self.depth) * UNIT * self.size + _SMALLEST
        return allowed

    def worst(self) -> Array:
        """Return how far off they are if all roundings go the same way."""
        return self.depth * UNIT * self.size + _SMALLEST

    def rounds_to(self, array: Array) -> bool:
        """Return whether ``array`` is what float32 arithmetic may make of it."""
        return bool(np.all(self._difference(array) <= self.allowed()))

    def may_be(self, array: Array) -> bool:
        """Return whether ``array`` is of the same tensor, however carelessly computed."""
        return bool(np.all(self._difference(array) <= self.worst()))

    def _difference(self, array: Array) -> Array:
        if self.value.dtype.kind != "f":
            return np.where(array == self.value, 0.0, np.inf)
        with np.errstate(invalid="ignore"):
            difference = np.abs(array - self.value)
        return np.where(array == self.value, 0.0, difference)
