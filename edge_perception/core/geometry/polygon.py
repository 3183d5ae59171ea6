"""Polygons, and whether points are in them."""

from __future__ import annotations

from collections.abc import Sequence

Point = tuple[float, float]


def contains(polygon: Sequence[Point], point: Point) -> bool:
    """
    Return whether a point is in a polygon that does not cross itself.

    A ray from the point to the right crosses its edges an odd number of times then. Each edge
    holds its lower end and not its upper one, so polygons that share an edge share no point.

    :param polygon: its corners, in either direction.
    """
    x, y = point
    inside = False
    for (ax, ay), (bx, by) in _edges(polygon):
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            inside = not inside
    return inside


def meets(polygon: Sequence[Point], a: Point, b: Point) -> bool:
    """Return whether the segment from a to b has a point in common with a polygon."""
    return contains(polygon, a) or any(
        _turn(a, b, c) * _turn(a, b, d) <= 0 and _turn(c, d, a) * _turn(c, d, b) <= 0
        for c, d in _edges(polygon)
    )


def fault(polygon: Sequence[Point]) -> str:
    """Return why corners make no polygon; empty if they do."""
    if len(polygon) < 3:
        return f"a polygon has at least 3 corners, received {len(polygon)}"
    edges = list(_edges(polygon))
    for index, (a, b) in enumerate(edges):
        for other in range(index + 1, len(edges)):
            neighbours = other - index == 1 or (index == 0 and other == len(edges) - 1)
            if not neighbours and _cross(a, b, *edges[other]):
                return f"its edges {index + 1} and {other + 1} cross"
    if not any(_turn(*edges[0], corner) for corner in polygon):
        return "its corners lie on one line"
    return ""


def _edges(polygon: Sequence[Point]) -> list[tuple[Point, Point]]:
    return list(zip(polygon, [*polygon[1:], *polygon[:1]], strict=True))


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Return whether the segments from a to b and from c to d have inner points in common."""
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _turn(a: Point, b: Point, c: Point) -> float:
    """Return more than 0 if the way from a over b to c turns left."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
