"""Trees of fixed frames against products of matrices."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from edge_perception.core.geometry.frames import FixedFrames
from edge_perception.core.rotation import matrix, quaternion
from edge_perception.messages.types import (
    Header,
    Quaternion,
    TFMessage,
    Transform,
    TransformStamped,
    Vector3,
)

ANGLES = st.tuples(*[st.floats(-3, 3)] * 3)
PLACES = st.tuples(*[st.floats(-5, 5)] * 3)


def message(
    parent: str, child: str, place: tuple[float, ...], angles: tuple[float, ...]
) -> TFMessage:
    turn = Quaternion(*quaternion(*angles))
    transform = Transform(Vector3(*place), turn)
    return TFMessage([TransformStamped(Header(frame_id=parent), child, transform)])


def homogeneous(place: tuple[float, ...], angles: tuple[float, ...]) -> np.ndarray:
    found = np.eye(4)
    found[:3, :3], found[:3, 3] = matrix(quaternion(*angles)), place
    return found


@given(st.lists(st.tuples(PLACES, ANGLES), min_size=3, max_size=3))
def test_two_branches_of_a_tree(steps: list[tuple[tuple[float, ...], tuple[float, ...]]]) -> None:
    frames = FixedFrames()
    for (parent, child), step in zip([("r", "a"), ("a", "b"), ("r", "c")], steps, strict=True):
        frames.add(message(parent, child, *step))
    to_a, to_b, to_c = (homogeneous(*step) for step in steps)
    wanted = np.linalg.inv(to_c) @ to_a @ to_b
    found = frames.placement("b", "c")
    assert found is not None
    place, turn = found
    assert place == pytest.approx(tuple(wanted[:3, 3]), abs=1e-9)
    assert matrix(turn) == pytest.approx(wanted[:3, :3], abs=1e-9)


def test_frames_that_are_not_connected() -> None:
    frames = FixedFrames()
    frames.add(message("a", "b", (1, 0, 0), (0, 0, 0)))
    assert frames.placement("b", "c") is None
    assert frames.placement("x", "x") == ((0, 0, 0), (0, 0, 0, 1))


def test_circles_and_what_is_no_transform() -> None:
    frames = FixedFrames()
    for parent, child in (("a", "b"), ("b", "a")):
        frames.add(message(parent, child, (1, 0, 0), (0, 0, 0)))
    assert frames.placement("b", "c") is None
    broken = message("r", "d", (math.nan, 0, 0), (0, 0, 0))
    frames.add(broken)
    unturned = message("r", "d", (1, 0, 0), (0, 0, 0))
    unturned.transforms[0].transform.rotation.w = 0.0
    frames.add(unturned)
    assert frames.placement("d", "r") is None
