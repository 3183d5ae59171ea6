"""Where text is, and what it says."""

from __future__ import annotations

from decode_cases import Forms, model, recognised
import numpy as np
import pytest

from edge_perception import decode
from edge_perception.decode import DecodeError, Options

FORMS: Forms = {
    "ctc": ({"a": (1, 9, 3)}, {"softmax": True}),
    "dbnet": ({"a": (1, 1, 8, 8)}, {}),
}

CHARACTERS = ("a", "b", "c")


def places(text: str) -> np.ndarray:
    """Return scores that say these characters; "-" is the blank."""
    return np.array([[[0.9 if c == s else 0.02 for s in ("-", *CHARACTERS)] for c in text]])


def read(text: str, **options: float) -> decode.Detections:
    tensors = {"y": places(text).astype(np.float32)}
    made = decode.make(model(tensors, "ctc", {}, labels=CHARACTERS), Options(**options))
    return made(tensors, (100, 20))


def test_repeated_characters_need_a_blank_between() -> None:
    found = read("-aab-bb--c")
    assert found.labels == ("abbc",)
    assert found.boxes is None
    np.testing.assert_allclose(found.scores, [0.9], rtol=1e-6)


def test_no_text_is_no_detection() -> None:
    assert len(read("----")) == 0
    assert len(read("ab", min_score=0.95)) == 0


def test_scores_must_be_those_of_the_labels() -> None:
    tensors = {"y": places("abc").astype(np.float32)}
    with pytest.raises(DecodeError, match="2 labels, but 4 scores"):
        decode.make(model(tensors, "ctc", {}, labels=("a", "b")), Options())


def test_regions_become_boxes_that_are_larger() -> None:
    heat = np.zeros((1, 1, 32, 32), np.float32)
    heat[0, 0, 4:8, 4:24] = 0.9
    heat[0, 0, 8:10, 24:28] = 0.6  # touches at a corner
    heat[0, 0, 20:23, 2:12] = 0.8
    heat[0, 0, 28, 28] = 0.4  # less likely than it must be
    made = decode.make(model({"y": heat}, "dbnet", {"unclip": 1.0}), Options())
    found = made({"y": heat}, (64, 64))
    assert found.labels == ("class 0", "class 0")
    grown, other = 24 * 6 / (2 * 30), 10 * 3 / (2 * 13)
    expected = [
        [4 - grown, 4 - grown, 28 + grown, 10 + grown],
        [2 - other, 20 - other, 12 + other, 23 + other],
    ]
    np.testing.assert_allclose(found.boxes, np.clip(expected, 0, 32) * 2, rtol=1e-5)
    np.testing.assert_allclose(found.scores, [(80 * 0.9 + 8 * 0.6) / 88, 0.8], rtol=1e-5)


def test_a_line_of_characters_is_recognised() -> None:
    kind = recognised({"y": places("abca-abc--")}, labels=CHARACTERS)
    assert kind.kind == "ctc"
