"""Which candidates are reported, and where they lie in the image."""

from __future__ import annotations

import time

import cv2
from decode_cases import decoded
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from edge_perception.decode import DecodeError, Options
from edge_perception.decode.selection import distinct

SIDES = st.integers(0, 60)


def table(*rows: tuple[float, ...]) -> dict[str, np.ndarray]:
    """Return boxes (left, top, right, bottom, score, class) as an output."""
    return {"found": np.array([rows], np.float32)}


def kept(*rows: tuple[float, ...], **parameters: float) -> list[float]:
    """Return the scores of the boxes that are reported."""
    found = decoded(table(*rows), "boxes", {"table": "found", "unit": "pixel", **parameters})
    return [round(float(score), 3) for score in found.scores]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(SIDES, SIDES, st.integers(1, 40), st.integers(1, 40)), max_size=20),
    st.sampled_from([0.2, 0.45, 0.7]),
)
def test_greedy_suppression_as_opencv_does_it(
    boxes: list[tuple[int, int, int, int]], iou: float
) -> None:
    scores = np.linspace(0.9, 0.1, max(1, len(boxes)))[: len(boxes)]
    expected = cv2.dnn.NMSBoxes(boxes, scores.tolist(), 0.0, iou)
    corners = np.array([(x, y, x + w, y + h) for x, y, w, h in boxes], np.float32).reshape(-1, 4)
    ours = distinct(corners, np.zeros(len(boxes), np.intp), iou, 1000)
    assert ours.tolist() == list(expected)


OVERLAPPING = ((0, 0, 20, 20, 0.9, 0), (1, 0, 21, 20, 0.8, 1), (0, 1, 20, 21, 0.7, 0))


def test_boxes_of_different_classes_may_overlap() -> None:
    assert kept(*OVERLAPPING, iou=0.5) == [0.9, 0.8]
    assert kept(*OVERLAPPING, iou=0.5, agnostic=True) == [0.9]
    assert kept(*OVERLAPPING, iou=1) == [0.9, 0.8, 0.7]


def test_the_user_and_the_manifest_choose_how_many_and_which() -> None:
    assert kept(*OVERLAPPING, min_score=0.75) == [0.9, 0.8]
    assert kept(*OVERLAPPING, top=1) == [0.9]
    parameters = {"table": "found", "unit": "pixel", "min_score": 0.75, "top": 3}
    found = decoded(table(*OVERLAPPING), "boxes", parameters, options=Options(0.85, 2))
    assert len(found) == 1
    found = decoded(table(*OVERLAPPING), "boxes", parameters, options=Options(0.1, 2))
    assert len(found) == 2


@pytest.mark.parametrize(
    ("resize", "expected"),
    [
        # 64 x 64 shows 128 x 32 in its rows 24 to 40
        ("letterbox", [32.0, 8.0, 96.0, 24.0]),
        ("stretch", [32.0, 14.0, 96.0, 18.0]),
    ],
)
def test_boxes_lie_in_the_image_and_not_in_the_input(resize: str, expected: list[float]) -> None:
    outputs = table((16, 28, 48, 36, 0.9, 0))
    parameters = {"table": "found", "unit": "pixel"}
    found = decoded(outputs, "boxes", parameters, image=(128, 32), resize=resize)
    assert found.boxes is not None
    assert found.boxes.tolist() == [expected]


def test_what_lies_in_the_padding_is_not_in_the_image() -> None:
    outputs = table((10, 2, 30, 20, 0.9, 0), (10, 2, 30, 32, 0.8, 0))
    parameters = {"table": "found", "unit": "pixel"}
    found = decoded(outputs, "boxes", parameters, image=(128, 32), resize="letterbox")
    assert found.boxes is not None
    assert found.boxes.tolist() == [[20, 0, 60, 16]]


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((100, 100), [10, 0, 30, 20]),  # of the 40 x 20 pixels, the ones with the picture
        ((50, 100), [15, 0, 25, 20]),
        ((100, 25), [0, 5, 40, 15]),
        ((300, 100), [0, 3, 40, 16]),  # 13.3 rows; of 7 rows of padding, 3 are above
    ],
)
def test_what_reaches_into_the_padding_ends_at_the_edge(
    size: tuple[int, int], shown: list[int]
) -> None:
    outputs = table((*shown, 0.9, 0), (0, 0, 40, 20, 0.8, 0))
    parameters = {"table": "found", "unit": "pixel"}
    found = decoded(outputs, "boxes", parameters, size=(40, 20), image=size, resize="letterbox")
    np.testing.assert_allclose(found.boxes, [[0, 0, *size]] * 2, rtol=1e-5, atol=1e-4)


def test_labels() -> None:
    outputs = table((0, 0, 9, 9, 0.9, 1), (20, 0, 29, 9, 0.8, 7), (40, 0, 49, 9, 0.7, 1e9))
    parameters = {"table": "found", "unit": "pixel"}
    found = decoded(outputs, "boxes", parameters, labels=("cat", "dog"))
    assert found.labels[:2] == ("dog", "class 7")
    assert found.classes[:2].tolist() == [1, 7]


def test_huge_boxes_have_an_area() -> None:
    assert kept((-3e38, -3e38, 3e38, 3e38, 0.9, 0), (0, 0, 9, 9, 0.8, 0)) == [0.9, 0.8]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_refused(bad: float) -> None:
    with pytest.raises(DecodeError, match="'found' has values that are no number"):
        kept((0, 0, bad, 9, 0.9, 0))


def test_a_hundred_thousand_sure_candidates_take_bounded_time() -> None:
    generator = np.random.default_rng(0)
    corners = generator.uniform(0, 30, (100_000, 2))
    rows = np.concatenate([corners, corners + 20, generator.uniform(0.9, 1, (100_000, 2))], axis=1)
    begin = time.process_time()
    found = decoded(
        {"found": rows[None].astype(np.float32)},
        "boxes",
        {"table": "found", "unit": "pixel", "iou": 0.9, "top": 1000},
    )
    assert 0 < len(found) <= 1000
    assert time.process_time() - begin < 2
