"""Weights whose products with bytes fit into 16 bits together; tiles; where Winograd pays."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from edge_compiler.targets.c.algorithms.integer.tiles import ByteTile, products_per_word
from edge_compiler.targets.c.algorithms.integer.winograd import Winograd
from edge_compiler.targets.program.variants import AVX2, AVX512, AVX512VNNI, Variant


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


@pytest.mark.parametrize(
    ("width", "pixels"), [(56 * 56, 12), (28 * 28, 12), (14 * 14, 14), (49, 13)]
)
def test_tiles_of_long_rows_fill_vectors_of_stored_bytes_and_cover_the_row(
    width: int, pixels: int
) -> None:
    tile = ByteTile.of(width, 16, AVX512VNNI.byte_registers, AVX512VNNI.vectors)
    assert (tile.pixels, tile.blocks) == (pixels, 2)
    assert tile.wide * pixels + tile.narrow * (pixels - 1) == width


@pytest.mark.parametrize(
    ("channels", "side", "pays"),
    [(64, 56, True), (128, 28, True), (256, 14, True), (256, 7, False)],
)
def test_winograd_pays_with_vnni_where_tiles_are_more_than_their_weights_take(
    channels: int, side: int, pays: bool
) -> None:
    layer = Winograd.of(channels, channels, (side, side), AVX512VNNI)
    assert layer.pays(AVX512VNNI) is pays


@pytest.mark.parametrize("variant", [AVX2, AVX512, AVX512VNNI])
@pytest.mark.parametrize("side", [7, 14, 28, 56])
def test_winograd_multiplies_by_pairs_of_vectors(side: int, variant: Variant) -> None:
    layer = Winograd.of(256, 256, (side, side), variant)
    blocks = layer.fields(variant)["blocks"]
    assert isinstance(blocks, int)
    assert blocks * variant.vectors % 2 == 0
