"""Points of one thing: maps, bins for each coordinate, plain numbers."""

from __future__ import annotations

from typing import Any

from decode_cases import decoded, Forms, logit, model, recognised
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from edge_perception import decode
from edge_perception.decode import DecodeError, Options
from edge_perception.decode.kinds.posenet import LIMBS

FORMS: Forms = {
    "keypoints": ({"a": (1, 5, 8, 8)}, {}),
    "landmarks": ({"a": (1, 5, 3)}, {"values": "yxs"}),
    "posenet": ({x: (1, n, 5, 5) for x, n in zip("abcd", (17, 34, 32, 32), strict=True)}, {}),
    "simcc": ({"a": (1, 5, 128), "b": (1, 5, 128)}, {}),
}

POINTS = st.lists(st.tuples(*[st.integers(1, 14)] * 2), min_size=1, max_size=5)


@settings(max_examples=30, deadline=None)
@given(POINTS, st.sampled_from([-1, 0, 1]))
def test_maps(points: list[tuple[int, int]], side: int) -> None:
    heat = np.full((1, len(points), 16, 16), 0.1, np.float32)
    for number, (x, y) in enumerate(points):
        heat[0, number, y, x] = 0.9
        heat[0, number, y, x + side] = max(0.5, heat[0, number, y, x + side])
    found = decoded({"heat": heat}, "keypoints", labels=("person",))
    expected = 4 * np.array([(x + 0.5 + 0.25 * side, y + 0.5) for x, y in points])
    assert found.labels == ("person",)
    np.testing.assert_allclose(found.landmarks, expected[None])
    np.testing.assert_allclose(found.landmark_scores, np.full((1, len(points)), 0.9))
    assert found.boxes is not None
    np.testing.assert_allclose(found.boxes[0], [*expected.min(axis=0), *expected.max(axis=0)])


def test_maps_before_their_sigmoid() -> None:
    heat = np.full((1, 2, 8, 8), -9.0, np.float32)
    heat[0, 0, 3, 4], heat[0, 1, 1, 2] = logit(0.9), logit(0.5)
    found = decoded({"heat": heat}, "keypoints", {"sigmoid": True})
    np.testing.assert_allclose(found.scores, [0.7], rtol=1e-5)
    assert len(decoded({"heat": heat}, "keypoints", {"sigmoid": True, "min_score": 0.8})) == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 127), st.integers(0, 191)), min_size=1, max_size=4))
def test_simcc(points: list[tuple[int, int]]) -> None:
    x, y = np.zeros((1, len(points), 128)), np.zeros((1, len(points), 192))
    for number, (column, row) in enumerate(points):
        x[0, number, column], y[0, number, row] = 0.6, 0.8
    outputs = {"simcc_x": x, "simcc_y": y}
    found = decoded(outputs, "simcc", size=(64, 96), image=(128, 192))
    np.testing.assert_allclose(found.landmarks, np.array(points)[None])
    np.testing.assert_allclose(found.landmark_scores, np.full((1, len(points)), 0.6), rtol=1e-6)
    assert recognised(outputs, size=(64, 96)).kind == "simcc"


@pytest.mark.parametrize(
    ("parameters", "values"),
    [
        ({}, [[0.5, 0.25], [0.125, 1]]),
        ({"unit": "pixel"}, [[32, 16], [8, 64]]),
        ({"values": "xyz"}, [[0.5, 0.25, 7], [0.125, 1, 9]]),
        ({"values": "yxs"}, [[0.25, 0.5, 0.8], [1, 0.125, 0.4]]),
        ({"values": "xys"}, [[0.5, 0.25, 0.8], [0.125, 1, 0.4]]),
    ],
)
def test_numbers(parameters: dict[str, Any], values: list[list[float]]) -> None:
    found = decoded({"out": np.array([values])}, "landmarks", parameters)
    np.testing.assert_allclose(found.landmarks, [[[32, 16], [8, 64]]])
    assert found.labels == ("made up",)
    assert found.scores[0] == pytest.approx(0.6 if "s" in parameters.get("values", "") else 1)


def test_numbers_of_a_thing_that_may_not_be_there() -> None:
    outputs = {
        "points": np.array([[0.5, 0.25, 9, logit(0.9)], [0.1, 0.1, 9, 0], [7, 7, 7, 7]]),
        "there": np.array([[0.3]]),
    }
    parameters: dict[str, Any] = {
        "values": "xyzs",
        "sigmoid": True,
        "points": 2,
        "presence": "there",
    }
    found = decoded(outputs, "landmarks", parameters)
    np.testing.assert_allclose(found.landmarks, [[[32, 16], [6.4, 6.4]]], rtol=1e-6)
    np.testing.assert_allclose(found.landmark_scores, [[0.9, 0.5]], rtol=1e-6)
    np.testing.assert_allclose(found.scores, [0.3], rtol=1e-6)
    assert len(decoded(outputs, "landmarks", parameters | {"min_score": 0.5})) == 0


def test_models_that_do_not_fit() -> None:
    with pytest.raises(DecodeError, match="need one x and one y"):
        decode.make(model({"out": np.zeros((1, 6))}, "landmarks", {"values": "xzs"}), Options())
    with pytest.raises(DecodeError, match=r"'out' \[1, 5\] has no points of xy"):
        decode.make(model({"out": np.zeros((1, 5))}, "landmarks"), Options())
    outputs = {"x": np.zeros((1, 5, 8)), "y": np.zeros((1, 4, 8))}
    with pytest.raises(DecodeError, match="are no bins for x and y of as many points"):
        decode.make(model(outputs, "simcc"), Options())


def test_movenet_is_recognised() -> None:
    seen = recognised({"out": np.zeros((1, 1, 17, 3))}, size=(192, 192))
    assert (seen.kind, seen.parameters["values"]) == ("landmarks", "yxs")


def persons(joints: np.ndarray, side: int = 129, stride: int = 16) -> dict[str, np.ndarray]:
    """Return what PoseNet says of persons [N, 17, 2], the first the likeliest, on such a side."""
    yx, cells = joints[:, :, ::-1], (side - 1) // stride + 1
    corners = stride * np.stack(np.mgrid[:cells, :cells])
    away = yx.transpose(2, 0, 1)[..., None, None] - corners[:, None, None]  # [2, N, 17, h, w]
    nearest = np.square(away).sum(axis=0).argmin(axis=0)
    offsets = np.take_along_axis(away, nearest[None, None], 1)[:, 0]
    heat, (forward, backward) = (
        np.full((17, cells, cells), -9.0),
        np.zeros((2, 2, 16, cells, cells)),
    )
    for number, person in reversed(list(enumerate(yx))):
        at = np.rint(person / stride).astype(int)
        for joint, (y, x) in enumerate(at):
            heat[joint, y, x] = logit(0.9 - 0.1 * number)
        for limb, (first, last) in enumerate(LIMBS):
            (top, left), (bottom, right) = at[first], at[last]
            forward[:, limb, top, left] = person[last] - person[first]
            backward[:, limb, bottom, right] = person[first] - person[last]
    maps = {"scores": heat, "offsets": offsets, "forward": forward, "backward": backward}
    return {name: array.reshape(1, -1, cells, cells) for name, array in maps.items()}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1 << 32))
def test_joints_of_two_persons_are_kept_apart(seed: int) -> None:
    random = np.random.default_rng(seed)
    joints = random.uniform([[[0, 0]], [[75, 0]]], [[[50, 128]], [[128, 128]]], (2, 17, 2))
    found = decoded(persons(joints), "posenet", size=(129, 129), image=(258, 258))
    assert found.landmarks is not None
    np.testing.assert_allclose(found.landmarks, 2 * joints, atol=1e-3)
    np.testing.assert_allclose(found.scores, [0.9, 0.8], rtol=1e-5)
    assert found.boxes is not None
    expected = 2 * np.concatenate([joints.min(axis=1), joints.max(axis=1)], axis=1)
    np.testing.assert_allclose(found.boxes, expected, atol=1e-3)
    likely = decoded(
        persons(joints), "posenet", {"min_score": 0.85}, size=(129, 129), image=(258, 258)
    )
    assert len(likely) == 1


def test_maps_of_other_joints_are_no_posenet() -> None:
    maps = {name: np.zeros((1, n, 5, 5)) for name, n in zip("abcd", (17, 34, 30, 32), strict=True)}
    with pytest.raises(DecodeError, match=r"its maps have \(17, 34, 30, 32\) channels, expected"):
        decode.make(model(maps, "posenet"), Options())
