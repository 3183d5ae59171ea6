"""YOLO's tables: with and without objectness, points and masks, either way round."""

from __future__ import annotations

from decode_cases import BOXES, centre, check_box, decoded, Forms, model, recognised
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from edge_perception import decode
from edge_perception.decode import DecodeError, Options

FORMS: Forms = {  # 84: cells of 64 x 64 pixels at strides of 8, 16, 32
    "yolo": (
        {"a": (1, 84, 4 + 2 + 6 + 5), "m": (1, 5, 8, 8)},
        {"points": 2, "prototypes": "m"},
    ),
}

CANDIDATES = 84  # of 64 x 64 pixels
POINTS = np.array([[3, 4], [50.5, 60]], np.float32)


def values(box: tuple[float, ...], *others: float) -> np.ndarray:
    """Return a table with one candidate that has a score."""
    table = np.zeros((CANDIDATES, 4 + len(others)), np.float32)
    table[:, :4] = 10
    table[17] = [*centre(box), *box[2:], *others]
    return table[None]


@settings(max_examples=30, deadline=None)
@given(BOXES, st.booleans())
def test_boxes_of_version_8(box: tuple[float, ...], rows: bool) -> None:
    table = values(box, 0.1, 0.8, 0.3)
    outputs = {"out": table if rows else table.transpose(0, 2, 1)}
    check_box(decoded(outputs, "yolo", labels=("a", "b", "c")), box, 0.8, 1)


@settings(max_examples=30, deadline=None)
@given(BOXES)
def test_boxes_of_version_5_have_an_objectness(box: tuple[float, ...]) -> None:
    outputs = {"out": values(box, 0.5, 0.2, 0.9)}
    check_box(decoded(outputs, "yolo", {"objectness": True}), box, 0.45, 1)


def test_boxes_as_fractions() -> None:
    box = (10.0, 20.0, 16.0, 8.0)
    outputs = {"out": values(box, 0.9)}
    outputs["out"][:, :, :4] /= 64
    check_box(decoded(outputs, "yolo", {"unit": "fraction"}), box, 0.9)


@pytest.mark.parametrize("scored", [False, True])
def test_points(scored: bool) -> None:
    box = (10.0, 20.0, 16.0, 8.0)
    points = np.concatenate([POINTS, [[0.7], [0.2]]], axis=1) if scored else POINTS
    outputs = {"out": values(box, 0.9, *points.reshape(-1).tolist())}
    parameters = {"points": 2, "point_values": 3 if scored else 2}
    found = decoded(outputs, "yolo", parameters, labels=("person",), image=(128, 64))
    assert found.landmarks is not None
    np.testing.assert_allclose(found.landmarks[0], POINTS * [2, 1])
    if scored:
        np.testing.assert_allclose(found.landmark_scores, [[0.7, 0.2]])
    else:
        assert found.landmark_scores is None


def test_masks_are_mixed_of_prototypes_within_the_box() -> None:
    box = (16.0, 16.0, 32.0, 32.0)
    left_half = np.where(np.arange(16) < 8, 1.0, -1.0)[None].repeat(16, 0)
    prototypes = np.stack([np.full((16, 16), 100.0), left_half])[None].astype(np.float32)
    outputs = {"out": values(box, 0.9, 0.0, 2.0), "masks": prototypes}
    parameters = {"output": "out", "prototypes": "masks"}
    found = decoded(outputs, "yolo", parameters, labels=("thing",))
    assert found.masks is not None
    (mask,) = found.masks
    height, width = mask.shape
    # the input's left half is the box's left half
    assert mask[:, : width // 2].all()
    assert not mask[:, width // 2 :].any()
    assert height == width


@pytest.mark.parametrize(
    ("shape", "labels", "parameters", "says"),
    [
        ((1, 84, 84, 1), (), {}, "has the shape [1, 84, 84, 1]"),
        ((1, 84, 7), ("a", "b"), {}, "it has 2 labels, but scores of 3 classes"),
        ((1, 84, 4), (), {}, "scores of 0 classes"),
        ((1, 84, 6), (), {"objectness": 1}, "is '1', expected true or false"),
        ((1, 84, 6), (), {"points": 1}, "scores of -1 classes"),
    ],
)
def test_models_that_do_not_fit(
    shape: tuple[int, ...], labels: tuple[str, ...], parameters: dict[str, int], says: str
) -> None:
    made = model({"out": np.zeros(shape, np.float32)}, "yolo", parameters, labels=labels)
    with pytest.raises(DecodeError) as caught:
        decode.make(made, Options())
    assert says in str(caught.value)


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


def test_recognised_by_the_number_of_candidates() -> None:
    coco = tuple(map(str, range(80)))
    eight = recognised({"o": zeros(1, 84, 8400)}, size=(640, 640))
    assert (eight.kind, eight.parameters) == ("yolo", {"output": "o"})
    assert "640 x 640" in eight.because
    five = recognised({"o": zeros(1, 25200, 85)}, size=(640, 640), labels=coco)
    assert five.parameters == {"output": "o", "objectness": True}
    assert recognised({"o": zeros(1, 8400, 84)}, size=(640, 640), labels=coco).kind == "yolo"
    assert recognised({"o": zeros(1, 8400, 85)}, size=(640, 640), labels=coco).kind == "yolox"
    masks = {"o": zeros(1, 116, 8400), "m": zeros(1, 32, 160, 160)}
    assert recognised(masks, size=(640, 640)).parameters == {"output": "o", "prototypes": "m"}
    assert recognised({"o": zeros(1, 84, 8401)}, size=(640, 640)).kind == "tensors"
    assert recognised({"o": zeros(1, 84, 8400)}, size=(640, 640), labels=("a",)).kind == "tensors"
