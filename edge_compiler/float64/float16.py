"""What layers compute whose products are added up in float16, a few at a time: each bit of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from edge_compiler.float64.exact import Array, Exact
from edge_compiler.float64.windows import shifted
from edge_compiler.ir.graph import Node
from edge_compiler.ir.half_sums import half_sums
from edge_perception.runtime.manifest import HALF_SUMS

_LAYERS = ("Conv",)
_LEAST = np.uint64(1023 - 14 << 52)
"""The exponent of the least number that float16 has with all of its digits, in float64's bits."""
_EXPONENT = np.uint64(0x7FF << 52)
_LAST_DIGIT = np.uint64((42 << 52) + (1 << 51))
"""What makes of an exponent a number whose last digit is that of float16's numbers with it."""
_LARGEST = 65520.0
"""From here on, what is rounded is infinite."""
_TILE = 1 << 13
"""So many numbers are worked on together: several such arrays stay in a cache."""


def rounded(array: Array) -> Array:
    """Return the nearest numbers of float16; of two the even one."""
    result: Array = np.array(array, np.float64)
    _round(result, np.empty_like(result))
    _overflow(result)
    return result


def round_sums(
    node: Node,
    inputs: Sequence[Exact | None],
    output: Exact,
    rounding: Mapping[str, str],
    exponents: Mapping[str, int],
) -> Exact:
    """
    Return what a node computes if sums of a few products are of float16, as what is multiplied is.

    Of each position of the kernel, products of some channels (`half_sums`) are added up one by
    one, with one rounding each. What may differ is how these sums are added up, in float32.

    :param exponents: by which power of two inputs are multiplied before, by the node's name.
    """
    if node.op not in _LAYERS or rounding.get(node.name) != HALF_SUMS:
        return output
    x, w, b = (*inputs, None)[:3]
    assert x is not None
    assert w is not None
    exponent = exponents[node.name]
    halves, every = rounded(np.ldexp(x.value, exponent)), rounded(w.value)
    chains = half_sums(w.value.shape[1], w.value.shape[2:])
    total: Array = np.zeros(output.value.shape).reshape(len(halves), len(w.value), -1)
    for place, pixels in shifted(node, halves):
        columns = pixels.reshape(len(halves), pixels.shape[1], -1)
        weights = np.moveaxis(every, (0, 1), (-2, -1))[place]
        for image, sums in zip(columns, total, strict=True):
            for first, last in chains:
                add_up(weights[:, first:last], image[first:last], sums)
    value = np.ldexp(total, -exponent).reshape(output.value.shape)
    if b is not None:
        value = value + b.value.reshape(-1, *[1] * (value.ndim - 2))
    return Exact(value, output.size, output.depth)


def add_up(weights: Array, pixels: Array, total: Array) -> None:
    """
    Add to the sums of all products one that is of float16.

    :param weights: (output channels, channels).
    :param pixels: (channels, pixels).
    :param total: (output channels, pixels).
    """
    bound = len(pixels) * np.abs(weights).max() * np.abs(pixels).max(initial=0.0)
    step = max(1, _TILE // len(weights))
    for first in range(0, pixels.shape[1], step):
        some, sums = pixels[:, first : first + step], total[:, first : first + step]
        product, part = np.empty(sums.shape), np.zeros(sums.shape)
        for weight, channel in zip(weights.T, some, strict=True):
            np.multiply(weight[:, None], channel, out=product)
            part += product
            _round(part, product)
            if not bound < _LARGEST:
                _overflow(part)
        sums += part


def _round(array: Array, space: Array) -> None:
    """
    Round numbers in place to the nearest of float16, however large; of two to the even one.

    A number that is so large that its last digit is one of float16's is added and taken away.

    :param space: for as many numbers.
    """
    bits = space.view(np.uint64)
    np.bitwise_and(array.view(np.uint64), _EXPONENT, out=bits)
    np.maximum(bits, _LEAST, out=bits)
    bits += _LAST_DIGIT
    array += space
    array -= space


def _overflow(array: Array) -> None:
    """Make numbers infinite that are too large for float16."""
    array[np.abs(array) >= _LARGEST] *= np.inf
