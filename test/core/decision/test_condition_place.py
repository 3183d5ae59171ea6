"""How far away things are, and in which zones."""

from __future__ import annotations

import numpy as np
import pytest
from rule_files import condition, labels, thing

from edge_perception.core.located_yaml import FileError
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


def test_zones_in_the_image_hold_the_feet() -> None:
    # of an image of 100 x 50 pixels, in its left half; the box's lower edge counts
    left, right = thing("left", box=(10, 10, 20, 20)), thing("right", box=(60, 10, 20, 20))
    crossing, cut = thing("crossing", box=(45, 10, 20, 20)), thing("cut", box=(10, 10, 20, 40))
    assert labels("{zone: left}", left, right, crossing, cut) == ["left", "cut"]
    assert labels("{zone: left}", thing("no box")) is None


def test_a_zone_where_no_thing_can_be() -> None:
    with pytest.raises(FileError, match="'dock' is of 'odometry'; expected 'image' or 'ground'"):
        condition("{zone: dock}")
