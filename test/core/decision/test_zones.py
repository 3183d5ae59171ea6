"""Zones of rule files."""

from __future__ import annotations

import pytest
from rule_files import BASE, read

from edge_perception.core.decision.zones import Plane
from edge_perception.core.whole_file import FileError

RULES = BASE + "  - {name: a, when: {label: b}, action: go}\n"
LEFT = "left: {image: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}"


def test_zones_of_all_planes() -> None:
    zones = read(RULES).zones
    assert {name: zone.plane for name, zone in zones.items()} == {
        "left": Plane.IMAGE,
        "path": Plane.GROUND,
        "dock": Plane.ODOMETRY,
    }
    assert zones["left"].contains(0.2, 0.5)
    assert not zones["left"].contains(0.7, 0.5)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("left: {}", "line 4, column 9: a zone lies in one plane; expected one of image, ground"),
        ("left: {image: [[0, 0]], ground: [[0, 0]]}", "a zone lies in one plane"),
        ("left: {imgae: [[0, 0]]}", "unknown key 'imgae'"),
        ("left: {image: [[0, 0], [1, 1]]}", "'left' is no polygon: a polygon has at least 3"),
        ("left: {image: [[0, 0], [1, 1], [1, 0], [0, 1]]}", "its edges 1 and 3 cross"),
        ("left: {image: [[0, 0], [1, 1, 1], [1, 0]]}", "expected a corner [x, y], received 3"),
        ("left: {image: [[0, 0], [2, 1], [1, 0]]}", "expected a number from 0 to 1, received '2'"),
        ("left: {ground: [[0, .nan], [2, 1], [1, 0]]}", "received '.nan'"),
        ("left: {ground: [" + "[0, 0], " * 101 + "]}", "at most 100 corners, received 101"),
    ],
)
def test_mistakes(written: str, says: str) -> None:
    with pytest.raises(FileError) as caught:
        read(RULES.replace(LEFT, written))
    assert says in str(caught.value)
