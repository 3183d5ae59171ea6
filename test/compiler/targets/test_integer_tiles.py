"""Weights whose products with bytes fit into 16 bits, several together."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from edge_compiler.targets.c.algorithms.integer.tiles import products_per_word


def fit(weights: tuple[int, ...], bytes_: tuple[int, int]) -> bool:
    """Return whether 16 bits hold the sum of products with any bytes within limits."""
    sums = (sum(map(int.__mul__, weights, x)) for x in product(bytes_, repeat=len(weights)))
    return all(-(2**15) <= sum_ < 2**15 for sum_ in sums)


@pytest.mark.parametrize(
    ("pair", "count"),
    [
        ((64, 64), 2),
        ((127, 1), 2),
        ((127, -127), 2),
        ((-64, -64), 2),
        ((65, 64), 1),
        ((-127, -2), 1),
    ],
)
def test_two_neighbouring_channels_decide_how_many_products_of_unsigned_bytes_have_room(
    pair: tuple[int, int], count: int
) -> None:
    weights = np.zeros((3, 6, 1, 1), np.int8)
    weights[1, 4:6, 0, 0] = pair
    assert products_per_word(weights, signed_bytes=False) == count
    assert fit(pair, (0, 255)) is (count == 2)


@pytest.mark.parametrize(
    ("four", "count"),
    [
        ((63, 64, 64, 64), 4),
        ((127, 0, -127, 1), 4),
        ((-64, -64, -64, -64), 2),
        ((-127, -127, -1, -1), 2),
        ((-128, -127, -128, 127), 2),
        ((0, -128, -128, 0), 2),
        ((-128, -128, 0, 0), 1),
        ((0, 1, -128, -128), 1),
    ],
)
def test_every_second_of_eight_channels_decides_how_many_products_of_signed_bytes_have_room(
    four: tuple[int, ...], count: int
) -> None:
    weights = np.zeros((3, 20, 3, 3), np.int8)
    weights[2, 9:16:2, 1, 2] = four
    assert products_per_word(weights, signed_bytes=True) == count
    assert fit(four, (-128, 127)) is (count == 4)
    assert all(fit(pair, (-128, 127)) for pair in (four[:2], four[2:])) is (count >= 2)


def test_other_channels_are_not_added_up_together() -> None:
    weights = np.zeros((3, 20, 3, 3), np.int8)
    weights[2, 7:11, 1, 2] = -128, -64, -63, -64  # two of them in one sum at most
    assert products_per_word(weights, signed_bytes=True) == 4
