"""Weights in float16, in half the memory, where that has exactly the same numbers."""

from __future__ import annotations

import numpy as np

from edge_compiler.targets.program.nodes import Array
from edge_compiler.targets.program.variants import Variant


def pays(leading: Variant, results: int) -> bool:
    """
    Return whether a layer is no slower for weights in float16.

    x86 makes float32 of them as it loads them. Arm needs an instruction more for each four, which
    is less than what reading them from memory takes, and more than the products take that use them
    again from a cache.

    :param results: that each weight contributes to.
    """
    return not leading.lane_products or results == 1


def in_halves(weights: Array) -> Array:
    """
    Return packed weights in float16, if it has all of them; else as they are.

    :param weights: of float32.
    """
    if not weights.size:
        return weights
    halves: Array = np.empty(weights.shape, np.float16)
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is another number
        for half, part in zip(halves, weights, strict=True):
            half[...] = part
            if not (np.array_equal(half, part) and np.all(np.isfinite(half))):
                return weights
    return halves


def is_half(weights: Array) -> bool:
    """Return whether packed weights are in float16."""
    return bool(weights.dtype == np.float16)


def kept_in(*, half: bool) -> str:
    """Return what to add to a kernel's description."""
    return ", weights in float16" if half else ""
