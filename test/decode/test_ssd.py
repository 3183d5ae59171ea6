"""Boxes and scores for each candidate: complete ones, and relative to priors."""

from __future__ import annotations

from typing import Any

from decode_cases import (
    BOXES,
    centre,
    check_box,
    decoded,
    Forms,
    grid_cells,
    logit,
    model,
    recognised,
)
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from edge_perception import decode
from edge_perception.decode import DecodeError, Options

FORMS: Forms = {
    "ssd": (
        {"a": (1, 168, 4), "b": (1, 168, 3), "c": (1, 168, 4)},
        {"priors": [[16, 32], [64, 128], [256, 512]], "landmarks": "c", "activation": "softmax"},
    ),
}

SIDES = {8: (16, 32), 16: (64, 128), 32: (256, 512)}
PRIORS = [
    ((column + 0.5) * stride, (row + 0.5) * stride, side)
    for stride, column, row in grid_cells((8, 16, 32))
    for side in SIDES[stride]
]
RETINAFACE: dict[str, Any] = {"priors": [list(sides) for sides in SIDES.values()]}


@settings(max_examples=40, deadline=None)
@given(BOXES, st.integers(0, len(PRIORS) - 1))
def test_retinaface(box: tuple[float, ...], prior: int) -> None:
    boxes, scores = np.zeros((1, len(PRIORS), 4)), np.zeros((1, len(PRIORS), 2))
    points = np.zeros((1, len(PRIORS), 10))
    x, y, side = PRIORS[prior]
    middle = np.array([x, y])
    boxes[0, prior, :2] = (centre(box) - middle) / side / 0.1
    boxes[0, prior, 2:] = np.log(np.array(box[2:]) / side) / 0.2
    scores[0, :, 0], scores[0, prior] = 1, (0.1, 0.9)
    landmarks = np.arange(10).reshape(5, 2) * 6.0
    points[0, prior] = ((landmarks - middle) / side / 0.1).reshape(-1)
    outputs = {"boxes": boxes, "scores": scores, "points": points}
    parameters = RETINAFACE | {"landmarks": "points"}
    found = decoded(outputs, "ssd", parameters, labels=("face",))
    check_box(found, box, 0.9)
    np.testing.assert_allclose(found.landmarks, landmarks[None], atol=1e-2)


@pytest.mark.parametrize(
    ("background", "activation", "scores", "index", "score"),
    [
        ("first", "none", [0.1, 0.2, 0.7], 1, 0.7),
        ("last", "none", [0.7, 0.2, 0.9], 0, 0.7),
        ("none", "none", [0.1, 0.2, 0.7], 2, 0.7),
        ("none", "sigmoid", logit([0.1, 0.8, 0.7]), 1, 0.8),
        ("last", "softmax", np.log([0.2, 0.5, 0.3]), 1, 0.5),
    ],
)
def test_scores(
    background: str, activation: str, scores: list[float], index: int, score: float
) -> None:
    box = (10.0, 20.0, 30.0, 40.0)
    outputs = {
        "boxes": np.array([[[10, 20, 40, 60]]]) / 64,
        "scores": np.array([[scores]], np.float32),
    }
    parameters = {"background": background, "activation": activation}
    check_box(decoded(outputs, "ssd", parameters), box, score, index)


def test_scores_by_class_and_boxes_with_y_first() -> None:
    outputs = {
        "boxes": np.tile([[[20, 10, 60, 40]]], (1, 6, 1)) / 64,
        "scores": np.full((1, 3, 6), 0.1),
    }
    outputs["scores"][0, 2, 4] = 0.8
    parameters = {"order": "yx", "background": "none"}
    check_box(decoded(outputs, "ssd", parameters), (10, 20, 30, 40), 0.8, 2)


@pytest.mark.parametrize("unit", ["fraction", "pixel"])
def test_complete_boxes_with_a_centre(unit: str) -> None:
    box = (10.0, 20.0, 30.0, 40.0)
    size = 64 if unit == "fraction" else 1
    outputs = {
        "boxes": np.array([[[*centre(box), *box[2:]]]]) / size,
        "scores": np.array([[[0.1, 0.9]]]),
        "points": np.array([[[12, 22]]]) / size,
    }
    parameters = {"form": "centre", "unit": unit, "landmarks": "points"}
    found = decoded(outputs, "ssd", parameters)
    check_box(found, box, 0.9)
    np.testing.assert_allclose(found.landmarks, [[[12, 22]]], rtol=1e-5)


@pytest.mark.parametrize(
    ("shapes", "parameters", "says"),
    [
        (((1, 9, 4), (1, 8, 2)), {}, "scores [1, 8, 2], expected 9 candidates"),
        (((1, 9, 4), (1, 9, 2)), RETINAFACE, "has 9 boxes, but there are 168 priors"),
        (((1, 9, 4), (1, 9, 1)), {}, "scores of 0 classes"),
        (((1, 9, 4), (1, 9, 2)), {"priors": [[1]]}, "expected 3 lists of positive numbers"),
        (((1, 9, 4), (1, 9, 2)), {"strides": [0]}, "expected a list of integers from 2 to 4096"),
    ],
)
def test_models_that_do_not_fit(
    shapes: tuple[tuple[int, ...], ...], parameters: dict[str, Any], says: str
) -> None:
    boxes, scores = (np.zeros(shape) for shape in shapes)
    with pytest.raises(DecodeError) as caught:
        decode.make(model({"boxes": boxes, "scores": scores}, "ssd", parameters), Options())
    assert says in str(caught.value)


def test_recognised_by_their_widths() -> None:
    ultraface = {"scores": np.zeros((1, 4420, 2)), "boxes": np.zeros((1, 4420, 4))}
    seen = recognised(ultraface, size=(320, 240), operators={"scores": "Softmax"})
    assert (seen.kind, seen.parameters) == ("ssd", {"boxes": "boxes", "scores": "scores"})
    faces = {
        "b": np.zeros((1, len(PRIORS), 4)),
        "s": np.zeros((1, len(PRIORS), 2)),
        "p": np.zeros((1, len(PRIORS), 10)),
    }
    seen = recognised(faces, labels=("face",))
    assert seen.parameters == {
        "boxes": "b",
        "scores": "s",
        "activation": "softmax",
        "landmarks": "p",
        "strides": [8, 16, 32],
        **RETINAFACE,
    }


@pytest.mark.parametrize(
    ("scores", "operator", "labels", "parameters"),
    [
        ((80, 100), "Sigmoid", 0, {"background": "none"}),
        ((100, 80), "Reshape", 0, {"background": "none", "activation": "sigmoid"}),
        ((91, 100), "Sigmoid", 0, {}),
        ((81, 100), "Reshape", 0, {"activation": "softmax"}),
        ((7, 100), "Sigmoid", 7, {"background": "none"}),
        ((7, 100), "Softmax", 6, {}),
        ((1, 100), "Sigmoid", 1, {"background": "none"}),
    ],
)
@pytest.mark.parametrize("boxes", [(100, 4), (4, 100)])
def test_recognised_in_either_order(
    boxes: tuple[int, ...],
    scores: tuple[int, ...],
    operator: str,
    labels: int,
    parameters: dict[str, str],
) -> None:
    outputs = {"s": np.zeros((1, *scores)), "b": np.zeros((1, *boxes))}
    names = tuple(f"thing {index}" for index in range(labels))
    seen = recognised(outputs, operators={"s": operator}, labels=names)
    assert (seen.kind, seen.parameters) == ("ssd", {"boxes": "b", "scores": "s"} | parameters)
    assert "100 candidates" in seen.because
    decode.make(model(outputs, "ssd", seen.parameters, labels=names), Options())
