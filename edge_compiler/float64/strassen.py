"""How large the terms of a 1x1 convolution are by Strassen's method, see strassen.h."""

from __future__ import annotations

import numpy as np

from edge_compiler.float64.exact import Array
from edge_compiler.ir.graph import Node

_HALVES = 32
"""Halves of channels are whole blocks of 16; of output channels the last may have fewer."""


def may_be_strassen(node: Node, w: Array) -> bool:
    """Return whether halves of channels and pixels are mixed and parted again."""
    pointwise = set(w.shape[2:]) == {1} and int(node.attributes["group"]) == 1
    return pointwise and w.shape[1] % _HALVES == 0


def mixed_sizes(w: Array, x: Array) -> Array:
    """
    Return the sum of the absolute values of all products in each result: (N, out, ...).

    Each result has products of two sums of up to four numbers, of all quadrants, in which each
    product of two numbers is twice at most: as often as here, where both halves of the input
    channels have the same sums.

    :param w: absolute values: (out, in, 1, ...).
    :param x: absolute values that the results are made of: (N, in, ...).
    """
    rows = np.pad(w.reshape(w.shape[:2]), [(0, -len(w) % _HALVES), (0, 0)])
    weights = _with_partners(_with_partners(rows, 0), 1)[: len(w)]
    pixels = _with_partners(x.reshape(*x.shape[:2], -1), 1)
    count = pixels.shape[2]
    # of an odd number the pixel in the middle is in both halves
    partners = [p + count // 2 if p < count - count // 2 else p - count // 2 for p in range(count)]
    sizes: Array = weights @ (pixels + pixels[..., partners])
    return sizes.reshape(len(x), len(w), *x.shape[2:])


def _with_partners(size: Array, axis: int) -> Array:
    """Add to each number the one half of an axis away."""
    return np.asarray(size + np.roll(size, size.shape[axis] // 2, axis))
