"""Boxes that a detector has chosen itself, and vectors that tell things apart."""

from __future__ import annotations

from typing import Any

from decode_cases import check_box, decoded, Forms, model, recognised
import numpy as np
import pytest

from edge_perception import decode
from edge_perception.decode import DecodeError, Options

FORMS: Forms = {
    "boxes": ({"t": (1, 20, 10)}, {"table": "t"}),
    "embedding": ({"a": (1, 7)}, {}),
}

BOX = (8.0, 16.0, 32.0, 16.0)
CORNERS = np.array([[8, 16, 40, 32], [0, 0, 8, 8]]) / 64


def outputs(**more: Any) -> dict[str, np.ndarray]:
    arrays = {"boxes": CORNERS[None], "scores": [[0.9, 0.0]], **more}
    return {name: np.array(array) for name, array in arrays.items()}


def test_outputs_of_their_own() -> None:
    check_box(decoded(outputs(), "boxes"), BOX, 0.9)
    found = decoded(outputs(classes=[[1.0, 0.0]]), "boxes", {"classes": "classes"})
    check_box(found, BOX, 0.9, 1)
    flipped = outputs(boxes=CORNERS[None][:, :, [1, 0, 3, 2]])
    check_box(decoded(flipped, "boxes", {"order": "yx"}), BOX, 0.9)


def test_points() -> None:
    points = {"points": np.arange(8).reshape(1, 2, 4) / 64}
    found = decoded(outputs(**points), "boxes", {"landmarks": "points"})
    assert found.landmarks is not None
    np.testing.assert_allclose(found.landmarks, [[[0, 1], [2, 3]]], atol=1e-5)


@pytest.mark.parametrize(("valid", "count"), [(0, 0), (1, 1), (2, 2), (-5, 0), (1e30, 2)])
def test_a_number_of_valid_ones(valid: float, count: int) -> None:
    arrays = outputs(scores=[[0.9, 0.8]], count=[valid])
    assert len(decoded(arrays, "boxes", {"count": "count"})) == count


@pytest.mark.parametrize(
    ("arrays", "parameters", "says"),
    [
        (outputs(scores=[[0.9]]), {}, "are not of as many things"),
        (outputs(p=np.zeros((2, 3))), {"landmarks": "p"}, "are not of as many things"),
        (outputs(), {"classes": "c"}, "reads the output 'c'"),
        ({"boxes": CORNERS}, {}, "it needs an output for 'scores', the model has boxes"),
        (outputs(), {"unit": "metre"}, "expected 'fraction' or 'pixel'"),
        ({"t": np.zeros((1, 4, 5))}, {"table": "t"}, "has no rows of box and points"),
    ],
)
def test_models_that_do_not_fit(
    arrays: dict[str, np.ndarray], parameters: dict[str, Any], says: str
) -> None:
    with pytest.raises(DecodeError) as caught:
        decode.make(model(arrays, "boxes", parameters), Options())
    assert says in str(caught.value)


def test_a_table_is_recognised() -> None:
    seen = recognised({"out": np.zeros((1, 300, 6))}, size=(640, 640))
    assert (seen.kind, seen.parameters) == ("boxes", {"table": "out", "unit": "pixel"})


@pytest.mark.parametrize("vector", [[3, 4], [3e38, 3e38], [0, 0]])
def test_embeddings_have_length_one(vector: list[float]) -> None:
    found = decoded({"out": np.array([vector], np.float32)}, "embedding")
    assert isinstance(found.embeddings, np.ndarray)
    length = 0 if vector == [0, 0] else 1
    assert np.linalg.norm(found.embeddings.astype(np.float64)) == pytest.approx(length, abs=1e-6)
    raw = decoded({"out": np.array([[3, 4]], np.float32)}, "embedding", {"unit": False})
    assert raw.embeddings is not None
    assert raw.embeddings[0].tolist() == [3, 4]
    assert (found.labels, found.classes.tolist(), found.scores.tolist()) == (("out",), [-1], [1])


def test_a_table_that_may_be_of_two_kinds() -> None:
    """84 cells of 64 x 64 pixels with a box, an objectness and a class, or 84 things."""
    seen = recognised({"out": np.zeros((1, 84, 6))})
    assert (seen.kind, seen.parameters) == ("tensors", {})
    assert seen.because == (
        "the outputs out [1, 84, 6] may be those of boxes (a table of 84 things with box, score "
        "and class) or yolox (a row for each of the 84 cells of the input)"
    )


def test_embeddings_are_recognised_where_there_are_no_labels() -> None:
    outputs = {"out": np.zeros((1, 512))}
    assert recognised(outputs).kind == "embedding"
    assert recognised(outputs, operators={"out": "Softmax"}).kind == "tensors"
    assert recognised(outputs, labels=tuple(map(str, range(512)))).kind == "classification"
