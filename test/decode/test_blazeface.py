"""BlazeFace's anchors."""

from __future__ import annotations

from decode_cases import BOXES, centre, check_box, decoded, Forms, grid_cells, logit, recognised
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np

FORMS: Forms = {
    "blazeface": ({"b": (1, 224, 16), "s": (1, 224, 1)}, {}),
}

ANCHORS = [
    ((column + 0.5) * stride, (row + 0.5) * stride)
    for stride, column, row in grid_cells((8, 16))
    for _ in range(2 if stride == 8 else 6)
]
POINTS = np.arange(12).reshape(6, 2) * 5.0


@settings(max_examples=40, deadline=None)
@given(BOXES, st.integers(0, len(ANCHORS) - 1), st.booleans())
def test_boxes_and_points(box: tuple[float, ...], anchor: int, flipped: bool) -> None:
    boxes = np.zeros((1, len(ANCHORS), 16))
    scores = np.full((1, len(ANCHORS), 1), -100.0)
    middle = np.array(ANCHORS[anchor])
    pairs = np.concatenate([[centre(box) - middle, box[2:]], POINTS - middle])
    boxes[0, anchor] = (pairs[:, ::-1] if flipped else pairs).reshape(-1)
    scores[0, anchor] = logit(0.9)
    parameters = {"order": "yx"} if flipped else {}
    found = decoded({"boxes": boxes, "scores": scores}, "blazeface", parameters, labels=("face",))
    check_box(found, box, 0.9)
    np.testing.assert_allclose(found.landmarks, POINTS[None], atol=1e-2)


def test_outputs_of_each_grid_may_be_apart() -> None:
    first = 2 * 8 * 8
    boxes, scores = np.zeros((1, len(ANCHORS), 16)), np.full((1, len(ANCHORS), 1), -100.0)
    boxes[0, -1, 2:4], scores[0, -1] = 8, 9
    outputs = {
        "b8": boxes[:, :first],
        "b16": boxes[:, first:],
        "s8": scores[:, :first],
        "s16": scores[:, first:],
    }
    parameters = {"boxes": ["b8", "b16"], "scores": ["s8", "s16"]}
    check_box(decoded(outputs, "blazeface", parameters), (52, 52, 8, 8), 0.9999)


def test_recognised_by_the_number_of_anchors() -> None:
    outputs = {"c": np.zeros((1, 896, 1)), "r": np.zeros((1, 896, 16))}
    seen = recognised(outputs, size=(128, 128))
    assert (seen.kind, seen.parameters) == ("blazeface", {"boxes": ["r"], "scores": ["c"]})
