"""Things of two detectors in one list: by score, with holes where one of them says nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_perception.core.perception.publishing import to_messages
from edge_perception.decode.detections import Attribute, Detections, Tracked
from edge_perception.decode.joining import joined

PEOPLE = Detections(
    ("person", "dog"),
    np.int32([0, 1]),
    np.float32([0.9, 0.5]),
    np.float32([[0, 0, 10, 20], [5, 5, 9, 9]]),
    attributes=((Attribute("colour", "m", "red", 0, 0.7),), ()),
    tracks=(Tracked(4, 1.0, 2.0, 0.5, 0.1), None),
)
FACES = Detections(
    ("face", "face"),
    np.int32([7, 7]),
    np.float32([0.7, 0.5]),
    np.float32([[1, 1, 3, 3], [6, 6, 8, 8]]),
    landmarks=np.float32([[[1, 1], [2, 2]], [[6, 6], [7, 7]]]),
    embeddings=np.float32([[1, 0, 0], [0, 1, 0]]),
)
HANDS = Detections(
    ("hand",),
    np.int32([2]),
    np.float32([0.8]),
    np.float32([[4, 4, 5, 5]]),
    landmarks=np.float32([[[4, 4], [4, 5], [5, 5]]]),
)


def test_by_score_and_the_first_ones_before_equal_ones() -> None:
    found = joined(PEOPLE, FACES)
    assert found.labels == ("person", "face", "dog", "face")
    assert found.classes.tolist() == [0, 7, 1, 7]
    assert found.boxes is not None
    assert found.boxes[:, 0].tolist() == [0, 1, 5, 6]
    assert found.masks is None


def test_what_one_of_them_says_is_missing_in_the_others_messages() -> None:
    person, face, dog, _ = to_messages(joined(PEOPLE, FACES))
    assert face.landmarks.tolist() == [1, 1, 2, 2]
    assert face.embedding.tolist() == [1, 0, 0]
    assert (face.attributes, face.track_id) == ([], -1)
    assert person.landmarks.tolist() == person.embedding.tolist() == []
    assert [one.label for one in person.attributes] == ["red"]
    assert (person.track_id, dog.track_id) == (4, -1)


def test_things_with_different_numbers_of_points() -> None:
    hand, face, _ = to_messages(joined(FACES, HANDS))
    assert hand.landmarks.tolist() == [4, 4, 4, 5, 5, 5]
    assert face.landmarks.tolist() == [1, 1, 2, 2]


def test_only_who_has_scores_of_its_points_says_them() -> None:
    sure = replace(HANDS, landmark_scores=np.float32([[0.75, 0.25, 0.5]]))
    (alone,) = to_messages(sure)
    hand, face, _ = to_messages(joined(FACES, sure))
    assert alone.landmark_scores.tolist() == hand.landmark_scores.tolist() == [0.75, 0.25, 0.5]
    assert face.landmark_scores.tolist() == []


def test_nothing_beside_something() -> None:
    for found in (joined(Detections(), FACES), joined(FACES, Detections())):
        assert found.labels == FACES.labels
        assert found.landmarks is not None
        assert found.landmarks.tolist() == FACES.landmarks.tolist()  # type: ignore[union-attr]
    assert len(joined(Detections(), Detections())) == 0
