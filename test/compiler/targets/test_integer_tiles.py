"""Weights whose products with bytes fit into 16 bits, several together."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from edge_compiler.targets.c.algorithms.integer.tiles import are_small


def fit(weights: tuple[int, ...], bytes_: tuple[int, int]) -> bool:
    """Return whether 16 bits hold the sum of products with any bytes within limits."""
    sums = (sum(map(int.__mul__, weights, x)) for x in product(bytes_, repeat=len(weights)))
    return all(-(2**15) <= sum_ < 2**15 for sum_ in sums)


@pytest.mark.parametrize(
    ("pair", "small"),
    [
        ((64, 64), True),
        ((127, 1), True),
        ((127, -127), True),
        ((-64, -64), True),
        ((65, 64), False),
        ((-127, -2), False),
    ],
)
def test_two_neighbouring_channels_decide_whether_weights_of_unsigned_bytes_are_small(
    pair: tuple[int, int], small: bool
) -> None:
    weights = np.zeros((3, 6, 1, 1), np.int8)
    weights[1, 4:6, 0, 0] = pair
    assert are_small(weights, signed_bytes=False) is small is fit(pair, (0, 255))


@pytest.mark.parametrize(
    ("four", "small"),
    [
        ((63, 64, 64, 64), True),
        ((127, 0, -127, 1), True),
        ((-64, -64, -64, -64), False),
        ((-127, -127, -1, -1), False),
    ],
)
def test_every_second_of_eight_channels_decides_whether_weights_of_signed_bytes_are_small(
    four: tuple[int, ...], small: bool
) -> None:
    weights = np.zeros((3, 20, 3, 3), np.int8)
    weights[2, 9:16:2, 1, 2] = four
    assert are_small(weights, signed_bytes=True) is small is fit(four, (-128, 127))
    apart = np.zeros((3, 20, 3, 3), np.int8)
    apart[2, 7:11, 1, 2] = four  # no more than two of them are added up in 16 bits
    assert are_small(apart, signed_bytes=True)
