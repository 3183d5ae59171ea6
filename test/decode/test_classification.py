"""One score a class; tensors without a meaning; models that fit no decoder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from decode_cases import Forms
from decode_cases import model as made_up
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
import numpy as np
import pytest

from edge_perception import decode
from edge_perception.decode import DecodeError, Options
from edge_perception.runtime.manifest import Decoder, Tensor

FORMS: Forms = {
    "classification": ({"a": (1, 7)}, {"softmax": True}),
    "tensors": ({"a": (3,)}, {}),
}

EVERYTHING = Options()
LABELS = ("cat", "dog", "espresso")
MODEL = made_up({"scores": np.zeros((1, 3), np.float32)}, "classification", labels=LABELS)


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


def chosen(dtype: str, shape: tuple[int, ...], number: int) -> list[Any]:
    decoder = Decoder("classification", {"output": "class"})
    model = replace(MODEL, outputs=(Tensor("class", shape, dtype),), decoder=decoder)
    array = np.full(shape, number, dtype)
    found = decode.make(model, EVERYTHING)({"class": array}, (640, 480))
    return list(zip(found.labels, found.classes.tolist(), found.scores.tolist(), strict=True))


@pytest.mark.parametrize(("dtype", "shape"), [("int64", (1,)), ("int32", (1, 1)), ("uint8", ())])
def test_a_model_that_chooses_itself(dtype: str, shape: tuple[int, ...]) -> None:
    assert chosen(dtype, shape, 1) == [("dog", 1, 1.0)]


@pytest.mark.parametrize("number", [-1, 3])
def test_a_choice_without_a_label(number: int) -> None:
    with pytest.raises(DecodeError, match=rf"chose class {number}, but has 3 labels"):
        chosen("int64", (1,), number)


@pytest.mark.parametrize(("dtype", "shape"), [("int64", (1, 6, 6)), ("bool", (1,))])
def test_integers_that_are_no_class(dtype: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(DecodeError, match=rf"one integer, but the output 'class' is {dtype}"):
        chosen(dtype, shape, 0)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"decoder": Decoder("clasification")},
            "wants the decoder 'clasification', but there are blazeface, boxes,",
        ),
        ({"decoder": Decoder("../os")}, "wants the decoder '../os'"),
        ({"decoder": Decoder("classification", {"output": "y"})}, "reads the output 'y'"),
        ({"labels": ("a", "b")}, "it has 2 labels, but 3 scores in its output 'scores'"),
        ({"outputs": ()}, "it needs an output for 'output', the model has none"),
        (
            {"decoder": Decoder("classification", {"sofmax": True})},
            "has no parameter 'sofmax'; is 'softmax' meant?",
        ),
        (
            {"decoder": Decoder("classification", {"top": 0.5})},
            "the parameter 'top' of the decoder 'classification' of made up is '0.5', expected an "
            "integer from 1",
        ),
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
