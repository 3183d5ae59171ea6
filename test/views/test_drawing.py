"""What was seen, drawn over an image."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageColor
import pytest

from edge_perception.decode.detections import Detections
from edge_perception.views.drawing import draw_band, draw_marks, Mark, marks, SHADE

COLOR = "#c0272d"
GREY = 128


def drawn(*seen: Mark, scale: float = 1.0, size: tuple[int, int] = (200, 150)) -> np.ndarray:
    """Return where a grey image was changed."""
    photo = Image.new("RGB", size, (GREY,) * 3)
    draw_marks(photo, seen, scale)
    return (np.asarray(photo) != GREY).any(axis=-1)


def mark(**more: Any) -> Mark:
    given: dict[str, Any] = {"text": "", "color": COLOR, "box": (50, 60, 149, 119), **more}
    return Mark(**given)


def test_a_mask_covers_its_part_of_the_box() -> None:
    changed = drawn(mark(mask=np.array([[True] * 5 + [False] * 5])))
    assert changed[80:110, 55:90].all()
    assert not changed[80:110, 110:145].any()


def test_points_are_drawn_where_they_are() -> None:
    changed = drawn(mark(points=np.array([[70.0, 90.0], [120.0, 100.0]])))
    assert changed[90, 70]
    assert changed[100, 120]
    assert not changed[95, 95]


def test_the_points_of_a_person_are_joined() -> None:
    points = np.full((17, 2), np.nan)
    points[5], points[6] = (70, 90), (120, 90)  # the shoulders
    assert drawn(mark(points=points))[90, 70:121].all()


def test_everything_is_scaled_with_the_photo() -> None:
    changed = drawn(mark(box=(100, 120, 298, 238), points=np.array([[140.0, 180.0]])), scale=0.5)
    assert changed[90, 70]
    assert changed[60, 60]
    assert changed[119, 60]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_left_out(bad: float) -> None:
    assert not drawn(mark(box=(bad, 0, 9, 9))).any()
    assert drawn(mark(points=np.array([[bad, 1.0]]))).any()


def test_huge_boxes_and_small_images() -> None:
    drawn(mark(box=(-1e30, -1e30, 1e30, 1e30), mask=np.ones((3, 3), bool)), size=(1, 1))
    drawn(mark(box=(10, 10, 5, 5), mask=np.ones((3, 3), bool)))


def test_marks_of_detections() -> None:
    found = Detections(
        ("cat", "dog"),
        np.array([0, 1], np.int32),
        np.array([0.9, 0.5], np.float32),
        np.array([[0, 0, 9, 9], [1, 2, 3, 4]], np.float32),
        masks=[np.ones((2, 2), bool)] * 2,
    )
    first, second = marks(found)
    assert (first.text, second.text) == ("cat 0.90", "dog 0.50")
    assert first.color != second.color
    assert second.box is not None
    assert list(second.box) == [1, 2, 3, 4]
    assert marks(Detections()) == []


def test_unlikely_points_are_left_out_with_their_limbs() -> None:
    points = np.full((1, 17, 2), 75, np.float32)
    points[0, 5:9] = ((70, 90), (120, 90), (70, 140), (120, 135))  # shoulders and elbows
    scores = np.full((1, 17), 0.9, np.float32)
    scores[0, 8] = 0.49
    boxes = np.array([[60, 60, 130, 145]], np.float32)
    found = Detections(
        ("person",),
        np.zeros(1, np.int32),
        np.ones(1, np.float32),
        boxes,
        points,
        landmark_scores=scores,
    )
    changed = drawn(*marks(found))
    assert changed[90, 70:121].all()
    assert changed[95:140, 70].all()
    assert not changed[98:140, 110:125].any()


@pytest.mark.parametrize("bottom", [False, True])
def test_a_band_is_at_its_edge(bottom: bool) -> None:
    photo = Image.new("RGB", (200, 150), ImageColor.getrgb("white"))
    draw_band(photo, ["cat 0.90"], SHADE, bottom=bottom)
    rows = (np.asarray(photo) < 200).all(axis=-1).any(axis=1)
    assert rows[-1 if bottom else 0]
    assert not rows[0 if bottom else -1]
    before = photo.tobytes()
    draw_band(photo, [], SHADE, bottom=bottom)
    assert photo.tobytes() == before
