"""Weights whose products with bytes fit into 16 bits by twos."""

from __future__ import annotations

import numpy as np
import pytest

from edge_compiler.targets.c.algorithms.integer.tiles import are_small, pack_bytes


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
def test_two_neighbouring_channels_decide_whether_weights_are_small(
    pair: tuple[int, int], small: bool
) -> None:
    weights = np.zeros((3, 6, 1, 1), np.int8)
    weights[1, 4:6, 0, 0] = pair
    exact = all(
        -(2**15) <= 255 * sum(max(sign * w, 0) for w in pair) * sign < 2**15 for sign in (1, -1)
    )
    assert are_small(pack_bytes(weights)) is small is exact
