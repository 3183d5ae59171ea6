"""Decoders: from tensors to detections."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fake_model import MODEL
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
import numpy as np
import pytest

from edge_perception import decode
from edge_perception.decode import DecodeError, Options
from edge_perception.runtime.manifest import Decoder, Preprocess, Tensor

EVERYTHING = Options()


def decoded(scores: Any, options: Options = EVERYTHING, **parameters: Any) -> list[Any]:
    model = replace(MODEL, decoder=Decoder("classification", parameters))
    values = np.array(scores, np.float32)[None]
    found = decode.make(model, options)({"scores": values}, (640, 480))
    scores = [round(float(score), 4) for score in found.scores]
    return list(zip(found.labels, found.classes.tolist(), scores, strict=True))


def test_classes_by_falling_score() -> None:
    assert decoded([0.1, 0.2, 0.7]) == [("espresso", 2, 0.7), ("dog", 1, 0.2), ("cat", 0, 0.1)]


def test_equal_scores_keep_the_order_of_the_labels() -> None:
    assert [name for name, _, _ in decoded([0.3, 0.4, 0.3])] == ["dog", "cat", "espresso"]


def test_the_user_chooses_how_many_and_which() -> None:
    assert len(decoded([0.1, 0.2, 0.7], top=2)) == 2
    assert len(decoded([0.1, 0.2, 0.7], Options(top=1), top=2)) == 1
    assert len(decoded([0.1, 0.2, 0.7], Options(min_score=0.2))) == 2
    assert decoded([0.1, 0.2, 0.3], Options(min_score=0.5)) == []


@given(arrays(np.float32, 3, elements=st.floats(-1e4, 1e4, width=32)))
def test_softmax(logits: np.ndarray) -> None:
    powers = [np.exp(np.longdouble(x - logits.max())) for x in logits]
    found = decoded(logits, softmax=True)
    for _, index, score in found:
        assert score == pytest.approx(float(powers[index] / sum(powers)), abs=1e-4)
    assert sum(score for _, _, score in found) == pytest.approx(1, abs=1e-3)


def test_a_model_without_labels() -> None:
    model = replace(MODEL, labels=())
    found = decode.make(model, Options())({"scores": np.array([[0, 1, 0]])}, (1, 1))
    assert found.labels[0] == "class 1"
    assert len(found) == 3
    assert found.boxes is found.landmarks is found.embeddings is None


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["classification", "tensors"])
def test_scores_that_are_no_numbers(kind: str, bad: float) -> None:
    decoder = decode.make(replace(MODEL, decoder=Decoder(kind)), Options())
    with pytest.raises(DecodeError, match="'scores' has values that are no number"):
        decoder({"scores": np.array([[0.5, bad, 0.5]])}, (1, 1))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"decoder": Decoder("clasification")},
            "wants the decoder 'clasification', but there are boxes, classification, tensors",
        ),
        ({"decoder": Decoder("../os")}, "wants the decoder '../os'"),
        ({"decoder": Decoder("classification", {"output": "y"})}, "reads the output 'y'"),
        ({"labels": ("a", "b")}, "has 2 labels, but its output 'scores' has 3 scores"),
        ({"outputs": ()}, "but the model has none"),
    ],
)
def test_models_that_do_not_fit(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode.make(replace(MODEL, **changes), Options())
    assert says in str(caught.value)


def test_tensors_without_a_meaning() -> None:
    outputs = (Tensor("a", (1, 2)), Tensor("b", (1, 1)))
    model = replace(MODEL, decoder=Decoder(), outputs=outputs)
    found = decode.make(model, Options())({"b": np.array([3]), "a": np.array([[1, 2]])}, (1, 1))
    assert found.labels == ("a", "b")
    assert found.embeddings is not None
    assert [values.tolist() for values in found.embeddings] == [[1, 2], [3]]
    assert (found.classes.tolist(), found.scores.tolist()) == ([-1, -1], [1, 1])


def boxed(
    boxes: Any,
    scores: Any,
    size: tuple[int, int] = (200, 100),
    options: Options = EVERYTHING,
    resize: str = "stretch",
    **more: Any,
) -> Any:
    """Return what a model of an input of 40 x 20 pixels sees."""
    tensors = {"boxes": np.array(boxes, np.float32), "scores": np.array(scores, np.float32)}
    parameters = {name: value for name, value in more.items() if isinstance(value, str)}
    for name, values in more.items():
        if not isinstance(values, str):
            tensors[name] = np.array(values, np.float32)
            parameters[name] = name
    model = replace(
        MODEL,
        inputs=(Tensor("image", (1, 3, 20, 40), layout="NCHW"),),
        outputs=tuple(Tensor(name, values.shape) for name, values in tensors.items()),
        decoder=Decoder("boxes", parameters),
        preprocess=Preprocess("image", resize=resize),
    )
    return decode.make(model, options)(tensors, size)


def test_boxes_by_falling_score_in_pixels_of_the_image() -> None:
    found = boxed([[0, 0, 0.5, 1], [0.25, 0.5, 1, 1]], [0.4, 0.8])
    assert found.boxes.tolist() == [[50, 50, 200, 100], [0, 0, 100, 100]]
    assert found.scores.tolist() == pytest.approx([0.8, 0.4])
    assert (found.labels, found.classes.tolist()) == (("cat", "cat"), [0, 0])
    assert found.landmarks is None


def test_boxes_in_pixels_of_the_input_with_classes_and_landmarks() -> None:
    found = boxed(
        [[0, 0, 20, 20], [10, 10, 40, 20]],
        [0.4, 0.8],
        classes=[1, 7],
        landmarks=[[[0, 0], [4, 2]], [[20, 10], [40, 20]]],
        unit="pixel",
    )
    assert found.boxes.tolist() == [[50, 50, 200, 100], [0, 0, 100, 100]]
    assert found.labels == ("class 7", "dog")
    assert found.landmarks.tolist() == [[[100, 50], [200, 100]], [[0, 0], [20, 10]]]


def test_what_has_no_score_is_no_thing_and_the_user_chooses() -> None:
    boxes, scores = [[0, 0, 1, 1]] * 4, [0.9, 0.0, 0.3, 0.5]
    assert len(boxed(boxes, scores)) == 3
    assert len(boxed(boxes, scores, options=Options(min_score=0.5))) == 2
    assert len(boxed(boxes, scores, options=Options(top=1))) == 1
    assert boxed(boxes, [0, 0, 0, 0]).boxes.shape == (0, 4)


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((100, 100), [10, 0, 30, 20]),  # of the 40 x 20 pixels, the ones with the picture
        ((50, 100), [15, 0, 25, 20]),
        ((100, 25), [0, 5, 40, 15]),
        ((300, 100), [0, 3, 40, 16]),  # 13.3 rows; of 7 rows of padding, 3 are above
    ],
)
def test_padding_is_no_part_of_the_image(size: tuple[int, int], shown: list[int]) -> None:
    whole = boxed([shown, [0, 0, 40, 20]], [0.9, 0.8], size, resize="letterbox", unit="pixel")
    for box in whole.boxes:  # what reaches into the padding ends at the edge
        assert box.tolist() == pytest.approx([0, 0, *size])


@pytest.mark.parametrize(
    ("boxes", "more", "says"),
    [
        ([[0, 0, 1]], {}, "its output 'boxes' must have 4 numbers, but has 3"),
        ([[0, 0, 1, 1]], {"classes": [1, 2]}, "'classes' must have 1 numbers, but has 2"),
        ([[0, 0, 1, 1]], {"landmarks": [1, 2, 3]}, "2 numbers for each landmark, but has 3"),
        ([[0, 0, 1, 1]], {"unit": "miles"}, "the unit 'miles', but there are fraction, pixel"),
        (
            [[0, 0, 1, 1]],
            {"classes": "kinds"},
            "reads the output 'kinds', but the model has boxes",
        ),
        ([[0, 0, 1, np.nan]], {}, "'boxes' has values that are no number"),
    ],
)
def test_boxes_that_do_not_fit(boxes: Any, more: dict[str, Any], says: str) -> None:
    with pytest.raises(DecodeError, match=says):
        boxed(boxes, [0.5], **more)
