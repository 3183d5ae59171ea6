"""What decisions rest on, as RViz shows it: zones, and where the things are that count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import math

from edge_perception.core.decision.zones import Plane, Zone
from edge_perception.core.node import Port
from edge_perception.core.stamps import SECOND, to_duration, to_time
from edge_perception.messages.types import (
    ColorRGBA,
    Decision,
    Detection,
    Header,
    Marker,
    MarkerArray,
    Place,
    Point,
    Pose,
    Vector3,
)

PORT = Port("markers", "visualization_msgs/msg/MarkerArray", "decision_markers")

_LIFETIME = to_duration(SECOND // 2)  # of what is seen; decisions are repeated more often
_WIDTH = 0.03  # of lines [m]
_HEIGHT = 1.0  # of a thing [m]: how high it is isn't known
_LETTERS = 0.2  # [m]
_QUIET, _SAFE, _COUNTS = (
    ColorRGBA(0.3, 0.6, 0.9, 0.9),
    ColorRGBA(0.9, 0.2, 0.2, 0.9),
    ColorRGBA(0.95, 0.6, 0.1, 0.7),
)


def markers(
    decision: Decision, zones: Iterable[Zone], frames: Mapping[Plane, str], now: int
) -> MarkerArray:
    """
    Return the zones, the things that a decision rests on, and what it says.

    :param frames: by plane, that of the ground too; zones of others aren't shown.
    :param now: ROS time [ns].
    """
    colour = _SAFE if decision.safe else _QUIET
    stamp = to_time(now)
    shown = [
        _outline(number, zone, Header(stamp, frames[zone.plane]), colour)
        for number, zone in enumerate(one for one in zones if one.plane in frames)
    ]
    said = f"{decision.action} ({decision.rule})"
    base = Header(stamp, frames[Plane.GROUND])
    shown.append(_label("decision", 0, base, Point(0.0, 0.0, 1.5), colour, said))
    for number, thing in enumerate(decision.evidence):
        for place in filter(lambda one: math.isfinite(one.deviation), thing.place):
            shown += _thing(number, thing, place, Header(stamp, place.frame_id))
    return MarkerArray(markers=shown)


def _outline(number: int, zone: Zone, header: Header, colour: ColorRGBA) -> Marker:
    corners = [Point(x, y, 0.0) for x, y in (*zone.corners, zone.corners[0])]
    return Marker(
        header=header,
        ns="zones",
        id=number,
        type=Marker.LINE_STRIP,
        scale=Vector3(x=_WIDTH),
        color=colour,
        lifetime=_LIFETIME,
        points=corners,
    )


def _thing(number: int, thing: Detection, place: Place, header: Header) -> tuple[Marker, Marker]:
    """Return a column, as wide as it is unsure where it stands, and what it is."""
    at = place.position
    width = max(2 * float(place.deviation), _WIDTH)
    column = Marker(
        header=header,
        ns="things",
        id=number,
        type=Marker.CYLINDER,
        pose=Pose(position=Point(at.x, at.y, at.z + _HEIGHT / 2)),
        scale=Vector3(width, width, _HEIGHT),
        color=_COUNTS,
        lifetime=_LIFETIME,
    )
    name = thing.label + (f" #{thing.track_id}" if thing.track_id > 0 else "")
    above = Point(at.x, at.y, at.z + _HEIGHT + _LETTERS)
    said = f"{name}, {place.distance:.1f} m"
    return column, _label("names", number, header, above, _COUNTS, said)


def _label(
    namespace: str, number: int, header: Header, at: Point, colour: ColorRGBA, text: str
) -> Marker:
    return Marker(
        header=header,
        ns=namespace,
        id=number,
        type=Marker.TEXT_VIEW_FACING,
        pose=Pose(position=at),
        scale=Vector3(z=_LETTERS),
        color=colour,
        lifetime=_LIFETIME,
        text=text,
    )
