"""Points in polygons, against an independent measure: the winding angle."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
import pytest

from edge_perception.core.geometry.polygon import contains, fault, meets, Point

BENT = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (2.0, 1.0), (0.0, 4.0)]


def winding(polygon: list[Point], point: Point) -> float:
    """Return how often the corners go around a point."""
    total = 0.0
    for (ax, ay), (bx, by) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        a, b = (math.atan2(y - point[1], x - point[0]) for x, y in ((ax, ay), (bx, by)))
        total += math.remainder(b - a, 2 * math.pi)
    return total / (2 * math.pi)


@given(
    st.lists(st.floats(0.2, 5), min_size=3, max_size=9),
    st.floats(-5, 5),
    st.floats(-5, 5),
    st.booleans(),
)
def test_inside_is_what_the_corners_go_around(
    radii: list[float], x: float, y: float, backwards: bool
) -> None:
    corners = [
        (r * math.cos(2 * math.pi * i / len(radii)), r * math.sin(2 * math.pi * i / len(radii)))
        for i, r in enumerate(radii)
    ]
    if backwards:
        corners.reverse()
    around = abs(winding(corners, (x, y)))
    at_corner = min(math.dist(corner, (x, y)) for corner in corners) < 1e-6
    if min(abs(around - 1), around) < 1e-6 and not at_corner:  # nor on an edge
        assert contains(corners, (x, y)) == (around > 0.5)
    assert fault(corners) == ""


def test_a_point_between_two_polygons_is_in_one() -> None:
    left = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    right = [(x + 1, y) for x, y in left]
    for y in (0.0, 0.25, 0.5):
        assert contains(left, (1.0, y)) + contains(right, (1.0, y)) == 1


@pytest.mark.parametrize(
    ("point", "inside"), [((2, 0.5), True), ((2, 2), False), ((3.9, 3), True), ((5, 1), False)]
)
def test_a_bent_one(point: Point, inside: bool) -> None:
    assert contains(BENT, point) == inside


@pytest.mark.parametrize(
    ("corners", "says"),
    [
        ([(0, 0), (1, 1)], "at least 3 corners, received 2"),
        ([(0, 0), (1, 1), (2, 2)], "lie on one line"),
        ([(0, 0), (0, 0), (0, 0)], "lie on one line"),
        ([(0, 0), (1, 1), (1, 0), (0, 1)], "edges 1 and 3 cross"),
        (BENT, ""),
    ],
)
def test_what_is_no_polygon(corners: list[Point], says: str) -> None:
    assert says in fault(corners)
    assert bool(says) == bool(fault(corners))


@pytest.mark.parametrize(
    ("a", "b", "meet"),
    [
        ((-1, 0.5), (5, 0.5), True),
        ((2, 2), (2, 5), False),  # in the bay
        ((2, 2), (2, 0.5), True),
        ((0.5, 0.5), (0.6, 0.5), True),  # inside
        ((5, 0), (5, 5), False),
    ],
)
def test_a_segment_meets_a_polygon(a: Point, b: Point, meet: bool) -> None:
    assert meets(BENT, a, b) == meets(list(reversed(BENT)), a, b) == meet
    assert meet or not meets(BENT, b, a)
