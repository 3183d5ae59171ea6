"""Depth images of all kinds, and the depth of a box in front of a wall."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_perception.core.geometry.depth import Depth, depth_of, DepthError, metres
from edge_perception.messages.types import Image


def image(values: Any, encoding: str, padding: int = 0, big: bool = False) -> Image:
    dtype = {"16UC1": np.uint16, "32FC1": np.float32}[encoding]
    array = np.asarray(values, np.dtype(dtype).newbyteorder(">" if big else "<"))
    rows = np.pad(array.view(np.uint8), ((0, 0), (0, padding)), constant_values=255)
    return Image(
        height=len(array),
        width=array.shape[1],
        encoding=encoding,
        is_bigendian=int(big),
        step=rows.shape[1],
        data=rows.reshape(-1),
    )


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("padding", [0, 5])
def test_millimetres_and_metres_are_the_same(big: bool, padding: int) -> None:
    truth = [[0.5, 1.25], [9.0, np.nan]]
    short = metres(image([[500, 1250], [9000, 0]], "16UC1", padding, big))
    long = metres(image(truth, "32FC1", padding, big))
    assert short == pytest.approx(np.array(truth), nan_ok=True)
    assert long == pytest.approx(np.array(truth), nan_ok=True)


def test_what_is_no_measurement() -> None:
    seen = metres(image([[np.nan, np.inf, -np.inf, 0, -1, 1e9, 2]], "32FC1"))
    assert np.isnan(seen).tolist() == [[True] * 6 + [False]]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"encoding": "mono16"}, "is 'mono16'; expected 32FC1"),
        ({"step": 3}, "are not 2 rows of 2 pixels (step 3)"),
        ({"height": 3}, "8 bytes, which are not 3 rows"),
        ({"height": 0}, "are not 0 rows"),
        ({"width": 0}, "rows of 0 pixels"),
    ],
)
def test_no_depth_image(changes: dict[str, Any], says: str) -> None:
    message = image([[1, 2], [3, 4]], "16UC1")
    for name, value in changes.items():
        setattr(message, name, value)
    with pytest.raises(DepthError) as caught:
        metres(message)
    assert says in str(caught.value)


def test_somebody_in_front_of_a_wall() -> None:
    # legs with the wall between them, noise, and a fifth of the pixels without a measurement
    random = np.random.default_rng(2)
    depths = np.full((200, 200), 6.0, np.float32)
    depths[40:160, 80:120] = 2.0
    depths[120:160, 98:102] = 6.0
    depths += random.normal(0, 0.02, depths.shape).astype(np.float32)
    depths[random.random(depths.shape) < 0.2] = np.nan
    found = depth_of(depths, (70, 40, 130, 160))
    assert found is not None
    assert found.metres == pytest.approx(2.0, abs=0.02)
    assert found.deviation == pytest.approx(0.02, rel=0.5)


@pytest.mark.parametrize(
    "box", [(-50.0, -50.0, -10.0, -10.0), (500, 0, 600, 50), (0, 500, 50, 600), (20, 20, 40, 40)]
)
def test_a_box_without_measurements_has_no_depth(box: tuple[float, ...]) -> None:
    depths = np.full((100, 100), 2.0, np.float32)
    depths[:50, :50] = np.nan
    assert depth_of(depths, box) is None  # type: ignore[arg-type]


def test_the_smallest_box_has_a_pixel() -> None:
    depths = np.full((10, 10), 2.0, np.float32)
    assert depth_of(depths, (3.2, 3.2, 3.4, 3.4)) == Depth(2.0, 0.0)
