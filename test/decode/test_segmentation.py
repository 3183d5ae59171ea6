"""The class of each pixel."""

from __future__ import annotations

from decode_cases import decoded, Forms, logit, model, recognised
import numpy as np
import pytest

from edge_perception import decode
from edge_perception.decode import DecodeError, Options

FORMS: Forms = {
    "segmentation": ({"a": (1, 3, 8, 8)}, {"activation": "softmax"}),
}

LABELS = ("floor", "wall", "door")
CLASSES = np.zeros((16, 16), np.int64)
CLASSES[:, 12:] = 1
CLASSES[4:8, 2:6] = 2


def scores(best: float = 0.8) -> np.ndarray:
    """Return maps [1, 3, 16, 16] of scores of those classes."""
    return np.where(np.arange(3)[:, None, None] == CLASSES, best, 0.1)[None].astype(np.float32)


def test_each_class_has_a_box_and_a_mask() -> None:
    found = decoded({"out": scores()}, "segmentation", labels=LABELS, image=(32, 64))
    assert sorted(found.labels) == ["door", "floor", "wall"]
    np.testing.assert_allclose(found.scores, 0.8, rtol=1e-6)
    by_label = dict(zip(found.labels, range(3), strict=True))
    assert found.boxes is not None
    assert found.masks is not None
    assert found.boxes[by_label["door"]].tolist() == [4, 16, 12, 32]
    assert found.boxes[by_label["floor"]].tolist() == [0, 0, 24, 64]
    assert found.masks[by_label["door"]].all()
    floor = found.masks[by_label["floor"]]
    assert floor.shape == (16, 12)
    assert (~floor).sum() == 16


def test_numbers_of_classes() -> None:
    outputs = {"out": CLASSES[None]}
    found = decoded(outputs, "segmentation", {"background": 0}, labels=LABELS)
    assert sorted(found.labels) == ["door", "wall"]
    assert found.scores.tolist() == [1, 1]


def test_padding_is_not_of_the_image() -> None:
    padded = np.ones((1, 16, 16), np.int64)
    padded[:, 4:12] = 2
    found = decoded({"out": padded}, "segmentation", image=(64, 32), resize="letterbox")
    assert found.boxes is not None
    assert found.labels == ("class 2",)
    assert found.boxes.tolist() == [[0, 0, 64, 32]]


def test_unsure_pixels_and_small_regions_are_left_out() -> None:
    assert len(decoded({"out": scores(0.4)}, "segmentation", {"min_score": 0.5})) == 0
    found = decoded({"out": scores()}, "segmentation", {"least": 0.1}, labels=LABELS)
    assert sorted(found.labels) == ["floor", "wall"]
    assert len(decoded({"out": scores()}, "segmentation", {"top": 1})) == 1
    assert len(decoded({"out": scores()}, "segmentation", options=Options(0.9))) == 0


def test_a_single_class() -> None:
    one = np.where(CLASSES == 2, logit(0.9), logit(0.4))[None, None].astype(np.float32)
    found = decoded({"out": one}, "segmentation", {"activation": "sigmoid"}, labels=("door",))
    assert found.labels == ("door",)
    np.testing.assert_allclose(found.scores, [0.9], rtol=1e-5)


def test_models_that_do_not_fit() -> None:
    with pytest.raises(DecodeError, match=r"'out' has the shape \[4\]"):
        decode.make(model({"out": np.zeros(4)}, "segmentation"), Options())
    with pytest.raises(DecodeError, match="has 2 labels, but maps of 3 classes"):
        decode.make(model({"out": scores()}, "segmentation", labels=("a", "b")), Options())


def test_recognised_by_the_labels() -> None:
    seen = recognised({"out": scores()}, labels=LABELS)
    expected = {"output": "out", "activation": "softmax"}
    assert (seen.kind, seen.parameters) == ("segmentation", expected)
    assert recognised({"out": scores()}).kind == "tensors"
