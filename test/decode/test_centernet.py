"""Peaks of maps of scores: CenterNet and CenterFace."""

from __future__ import annotations

from decode_cases import BOXES, centre, check_box, decoded, Forms, logit, model, recognised
from hypothesis import given, settings
import numpy as np
import pytest
from scipy import ndimage

from edge_perception import decode
from edge_perception.decode import DecodeError, Options

FORMS: Forms = {
    "centerface": ({x: (1, n, 8, 8) for x, n in zip("abcd", (1, 2, 2, 10), strict=True)}, {}),
    "centernet": (
        {x: (1, n, 8, 8) for x, n in zip("abcd", (3, 2, 2, 6), strict=True)},
        {"landmarks": "d", "sigmoid": True},
    ),
}

CELLS = 16  # of 4 x 4 pixels
POINTS = np.arange(10).reshape(5, 2) * 6.0


def maps(*channels: int) -> list[np.ndarray]:
    return [np.zeros((1, count, CELLS, CELLS), np.float32) for count in channels]


@settings(max_examples=40, deadline=None)
@given(BOXES)
def test_centernet(box: tuple[float, ...]) -> None:
    scores, sizes, offsets, points = maps(2, 2, 2, 10)
    cell = centre(box) / 4
    column, row = cell.astype(int)
    scores[0, 1, row, column] = 0.9
    sizes[0, :, row, column] = np.array(box[2:]) / 4
    offsets[0, :, row, column] = cell - [column, row]
    points[0, :, row, column] = (POINTS / 4 - [column, row]).reshape(-1)
    outputs = {"hm": scores, "wh": sizes, "reg": offsets, "hps": points}
    found = decoded(outputs, "centernet", {"landmarks": "hps"}, labels=("a", "b"))
    check_box(found, box, 0.9, 1)
    np.testing.assert_allclose(found.landmarks, POINTS[None], atol=1e-3)


@settings(max_examples=40, deadline=None)
@given(BOXES)
def test_centerface(box: tuple[float, ...]) -> None:
    scores, sizes, offsets, points = maps(1, 2, 2, 10)
    cell = centre(box) / 4
    column, row = cell.astype(int)
    scores[0, 0, row, column] = 0.9
    sizes[0, :, row, column] = np.log(np.array(box[3:1:-1]) / 4)
    offsets[0, :, row, column] = (cell - [column, row] - 0.5)[::-1]
    parts = (POINTS - box[:2]) / box[2:]
    points[0, :, row, column] = parts[:, ::-1].reshape(-1)
    outputs = {"heat": scores, "scale": sizes, "offset": offsets, "points": points}
    found = decoded(outputs, "centerface", labels=("face",))
    check_box(found, box, 0.9)
    np.testing.assert_allclose(found.landmarks, POINTS[None], atol=1e-3)
    assert recognised(outputs).kind == "centerface"


def test_only_peaks_are_things() -> None:
    generator = np.random.default_rng(0)
    scores, sizes, offsets = maps(2, 2, 2)
    scores[0] = generator.uniform(0, 1, scores.shape[1:])
    sizes += 3
    peaks = scores[0] == ndimage.maximum_filter(scores[0], (1, 3, 3), mode="constant", cval=-1)
    expected = np.sort(scores[0][peaks & (scores[0] >= 0.3)])[::-1]
    outputs = {"hm": scores, "wh": sizes, "reg": offsets}
    found = decoded(outputs, "centernet", {"top": 1000})
    np.testing.assert_allclose(found.scores, expected)
    logits = {**outputs, "hm": logit(scores).astype(np.float32)}
    found = decoded(logits, "centernet", {"top": 1000, "sigmoid": True})
    np.testing.assert_allclose(found.scores, expected, rtol=1e-5)


def test_models_that_do_not_fit() -> None:
    outputs = dict(zip("abc", maps(2, 2, 3), strict=True))
    with pytest.raises(DecodeError, match="sizes and offsets need 2 channels"):
        decode.make(model(outputs, "centernet"), Options())
    outputs["c"] = np.zeros((1, 2, 8, 8), np.float32)
    with pytest.raises(DecodeError, match="are no maps of one size"):
        decode.make(model(outputs, "centernet"), Options())


def test_recognised_by_names() -> None:
    outputs = dict(zip(("hm", "wh", "reg"), maps(80, 2, 2), strict=True))
    seen = recognised(outputs, operators={"hm": "Sigmoid"})
    assert (seen.kind, seen.parameters["sigmoid"]) == ("centernet", False)
