"""Masks of things as one image of their numbers."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_array_equal

from edge_perception.core.perception.masks import numbered
from edge_perception.core.perception.publishing import mask_image
from edge_perception.decode.detections import Detections
from edge_perception.messages.types import Header

SIZE = (12, 8)


def found(masks: list[np.ndarray], *boxes: tuple[float, ...]) -> Detections:
    count = len(boxes)
    return Detections(
        ("thing",) * count,
        np.zeros(count, np.int32),
        np.linspace(0.9, 0.1, count, dtype=np.float32),
        np.array(boxes, np.float32),
        masks=masks,
    )


def test_a_pixel_has_the_number_of_what_it_shows() -> None:
    checkers = np.array([[True, False], [False, True]])
    whole = np.ones((1, 1), bool)
    numbers = numbered(found([checkers, whole], (2, 2, 6, 6), (0, 0, 4, 4)), SIZE)
    expected = np.zeros((8, 12), np.uint8)
    expected[0:4, 0:4] = 2
    expected[2:4, 2:4] = expected[4:6, 4:6] = 1  # the higher score is in front
    assert_array_equal(numbers, expected)


def test_masks_beyond_the_edges_and_in_boxes_that_can_not_be() -> None:
    rng = np.random.default_rng(1)
    sides = rng.uniform(-20, 30, (300, 4))
    boxes = [(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in sides]
    boxes[:3] = [(np.nan, 0, 1, 1), (0, 0, np.inf, 4), (3, 3, 3, 3)]
    masks = [np.ones(rng.integers(1, 9, 2), bool) for _ in boxes]
    numbers = numbered(found(masks, *boxes), SIZE)
    for y, x in np.ndindex(numbers.shape):
        over = [
            index + 1
            for index, (left, top, right, bottom) in enumerate(boxes[:255])
            if np.isfinite(right) and left <= x + 0.5 < right and top <= y + 0.5 < bottom
        ]
        assert numbers[y, x] == min(over, default=0)


def test_the_image_has_the_header_of_the_one_that_was_looked_at() -> None:
    image = mask_image(found([np.ones((1, 1), bool)], (0, 0, 12, 4)), Header(frame_id="eye"), SIZE)
    assert (image.header.frame_id, image.encoding) == ("eye", "mono8")
    assert (image.width, image.height, image.step) == (12, 8, 12)
    assert_array_equal(image.data.reshape(8, 12)[:, 5], [1] * 4 + [0] * 4)
