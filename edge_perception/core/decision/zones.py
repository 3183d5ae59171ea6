"""Zones: polygons in the image, on the ground around the robot, or where the robot is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import enum

from edge_perception.core.decision.schema import mapping, Schema
from edge_perception.core.geometry import polygon
from edge_perception.core.geometry.polygon import Point
from edge_perception.core.located_yaml import Item

_MOST_CORNERS = 100
_FARTHEST = 1e6  # [m]


class Plane(enum.Enum):
    """In which plane a zone lies."""

    IMAGE = "image"
    """Fractions of the image's width, to the right, and height, down."""
    GROUND = "ground"
    """Metres ahead and to the left of the robot."""
    ODOMETRY = "odometry"
    """Metres in the frame of the odometry."""


_SPANS = {Plane.IMAGE: (0.0, 1.0)}
_MEANING = {
    Plane.IMAGE: "Corners as fractions of the image: x to the right, y down",
    Plane.GROUND: "Corners in metres around the robot: x ahead, y to the left",
    Plane.ODOMETRY: "Corners in metres in the frame of the odometry",
}


@dataclass(frozen=True)
class Zone:
    """A polygon with a name."""

    name: str
    plane: Plane
    corners: tuple[Point, ...]

    def contains(self, x: float, y: float) -> bool:
        """Return whether a point of its plane is in it."""
        return polygon.contains(self.corners, (x, y))


def read(item: Item) -> dict[str, Zone]:
    """Read the zones of a rule file, by name."""
    return {name: _zone(name, value) for name, value in item.mapping().items()}


def choose(item: Item, zones: Mapping[str, Zone], *planes: Plane) -> Zone:
    """
    Return the zone that a condition names.

    :param planes: those in which it may lie.
    """
    zone = zones[item.choice(zones, "zone")]
    if zone.plane not in planes:
        wanted = " or ".join(repr(plane.value) for plane in planes)
        raise item.error(f"the zone {zone.name!r} is of {zone.plane.value!r}; expected {wanted}")
    return zone


def schema() -> Schema:
    """Return the schema of all zones."""
    number = {"type": "number"}
    corner = {"type": "array", "items": number, "minItems": 2, "maxItems": 2}
    corners = {"type": "array", "items": corner, "minItems": 3, "maxItems": _MOST_CORNERS}
    one = mapping(
        "A polygon in one of the planes",
        {plane.value: {"description": said, **corners} for plane, said in _MEANING.items()},
    )
    one |= {"minProperties": 1, "maxProperties": 1}
    return {
        "description": "Polygons that conditions name",
        "type": "object",
        "additionalProperties": one,
    }


def _zone(name: str, item: Item) -> Zone:
    fields = item.mapping(known=[plane.value for plane in Plane])
    if len(fields) != 1:
        names = ", ".join(plane.value for plane in Plane)
        raise item.error(f"a zone lies in one plane; expected one of {names}")
    [(key, value)] = fields.items()
    plane = Plane(key)
    corners = tuple(
        _corner(one, *_SPANS.get(plane, (-_FARTHEST, _FARTHEST))) for one in value.sequence()
    )
    if len(corners) > _MOST_CORNERS:
        raise value.error(f"a zone has at most {_MOST_CORNERS} corners, received {len(corners)}")
    if fault := polygon.fault(corners):
        raise value.error(f"the zone {name!r} is no polygon: {fault}")
    return Zone(name, plane, corners)


def _corner(item: Item, least: float, most: float) -> Point:
    numbers = item.sequence()
    if len(numbers) != 2:
        raise item.error(f"expected a corner [x, y], received {len(numbers)} numbers")
    x, y = (number.number(least, most) for number in numbers)
    return x, y
