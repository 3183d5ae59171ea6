"""Orientations at times between those that were told."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge_perception.core.rotation import matrix, quaternion
from edge_perception.core.stamps import SECOND
from edge_perception.core.tracking.turns import Orientations

MS = SECOND // 1000


def test_between_two_it_is_between() -> None:
    turns = Orientations()
    for step in range(10):
        turns.add(step * 20 * MS, quaternion(0.1, 0.0, 0.05 * step))
    for share in (0.0, 0.25, 0.9):
        found = turns.at(round((3 + share) * 20 * MS))
        assert found is not None
        wanted = matrix(quaternion(0.1, 0.0, 0.05 * (3 + share)))
        assert matrix(found) == pytest.approx(wanted, abs=1e-4)


def test_the_other_quaternion_of_the_same_turn() -> None:
    turns = Orientations()
    turns.add(0, quaternion(0, 0, 0.1))
    x, y, z, w = quaternion(0, 0, 0.2)
    turns.add(20 * MS, (-x, -y, -z, -w))
    found = turns.at(10 * MS)
    assert found is not None
    assert matrix(found) == pytest.approx(matrix(quaternion(0, 0, 0.15)), abs=1e-6)


def test_far_from_what_was_told_nothing_is_known() -> None:
    turns = Orientations()
    assert turns.at(0) is None
    turns.add(SECOND, quaternion(0, 0, 0))
    turns.add(2 * SECOND, quaternion(0, 0, 1))
    known = [turns.at(round(at * SECOND)) is not None for at in (0.9, 1.5, 2.0, 2.05, 2.2)]
    assert known == [False, False, True, True, False]


def test_what_is_no_orientation_is_left_out_and_time_that_jumps_begins_anew() -> None:
    turns = Orientations()
    turns.add(SECOND, (0.0, 0.0, 0.0, 0.0))
    turns.add(SECOND, (math.nan, 0.0, 0.0, 1.0))
    assert turns.at(SECOND) is None
    turns.add(5 * SECOND, quaternion(0, 0, 0))
    turns.add(SECOND, quaternion(0, 0, 1))
    assert turns.at(5 * SECOND) is None
    found = turns.at(SECOND)
    assert found is not None
    assert np.allclose(matrix(found), matrix(quaternion(0, 0, 1)))
