"""How far away things are, and in which zones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from rule_files import condition, labels, thing

from edge_perception.core.whole_file import FileError
from edge_perception.messages.types import Detection, Place, Point


def at(x: float, y: float, deviation: float = 0.1) -> Detection:
    place = Place("base_link", Point(x, y, 0), np.zeros(4), float(np.hypot(x, y)), deviation)
    return thing(f"{x:g},{y:g}", place=[place])


def test_the_range_counts_where_it_is_sure() -> None:
    assert labels("{range: {max: 3}}", at(2, 0), at(5, 0), at(2.9, 0), thing("?")) == ["2,0"]
    cautious = labels(
        "{range: {max: 3}}", at(2, 0), at(5, 0), at(2.9, 0), thing("?"), cautious=True
    )
    assert cautious == ["2,0", "2.9,0", "?"]
    assert labels("{range: 4}", at(5, 0), at(3, 0)) == ["5,0"]


def test_zones_on_the_ground() -> None:
    assert labels("{zone: path}", at(2, 0.3), at(2, -0.7), at(3.5, 0), thing("?")) == ["2,0.3"]
    assert labels("{zone: path}", at(2, -0.7), thing("?"), cautious=True) == ["?"]
    assert labels("{zone: path, range: {max: 1}}", at(2, 0.3)) is None


def far(x: float, y: float) -> Detection:
    """Return something that is at least so far away."""
    return at(x, y, math.inf)


def test_what_is_far_away_is_not_near() -> None:
    assert labels("{range: {max: 3}}", far(8, 0), cautious=True) is None
    assert labels("{range: {max: 9}}", far(8, 0), cautious=True) == ["8,0"]
    assert labels("{range: {max: 9}}", far(8, 0)) is None
    assert labels("{range: 5}", far(8, 0)) == ["8,0"]
    assert labels("{zone: path}", far(8, 0), far(2, 1), cautious=True) is None
    assert labels("{zone: path}", far(2, 0), cautious=True) == ["2,0"]
    assert labels("{zone: path}", far(2, 0)) is None


def test_at_the_edge_of_a_zone_it_is_not_sure() -> None:
    for y, sure, cautious in ((0.2, True, True), (0.45, False, True), (0.8, False, False)):
        place = Place("base_link", Point(2, y, 0), np.diag([0.04, 0.01]).reshape(-1), 2.0, 0.2)
        one = thing("it", place=[place])
        assert (labels("{zone: path}", one) is not None) == sure
        assert (labels("{zone: path}", one, cautious=True) is not None) == cautious


def test_zones_in_the_image_hold_the_feet() -> None:
    # of an image of 100 x 50 pixels, in its left half; the box's lower edge counts
    left, right = thing("left", box=(10, 10, 20, 20)), thing("right", box=(60, 10, 20, 20))
    crossing, cut = thing("crossing", box=(45, 10, 20, 20)), thing("cut", box=(10, 10, 20, 40))
    assert labels("{zone: left}", left, right, crossing, cut) == ["left", "cut"]
    assert labels("{zone: left}", thing("no box")) is None


def test_a_zone_where_no_thing_can_be() -> None:
    with pytest.raises(FileError, match="'dock' is of 'odometry'; expected 'image' or 'ground'"):
        condition("{zone: dock}")
