"""How far away a thing is, and in which zone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
import math

import numpy as np

from edge_perception.core.decision import interval
from edge_perception.core.decision import zones as rule_zones
from edge_perception.core.decision.condition import Family, ModelFacts, ThingPredicate
from edge_perception.core.decision.interval import Interval, SURE
from edge_perception.core.decision.situation import Situation
from edge_perception.core.decision.zones import Plane, Zone
from edge_perception.core.geometry import polygon
from edge_perception.core.located_yaml import Fields
from edge_perception.messages.types import Detection, Place

_FARTHEST = 1000.0
_LOWEST = 1 - 1e-6  # an edge of a zone at the image's lower end is outside of the zone


@dataclass(frozen=True)
class InRange(ThingPredicate):
    """
    The thing is so far from the robot, and in a zone; both as far as that is told.

    :ivar distance: from the origin of the robot's base [m].
    :ivar zone: of the image or of the ground; None: anywhere.
    """

    distance: Interval | None
    zone: Zone | None

    def holds(self, thing: Detection, situation: Situation) -> bool | None:
        """Return whether it is; None if that isn't known or isn't sure."""
        found = (self._in_range(thing), self._in_zone(thing, situation))
        if False in found:
            return False
        return None if None in found else True

    def _in_range(self, thing: Detection) -> bool | None:
        if self.distance is None:
            return True
        if not thing.place:
            return None
        place = thing.place[0]
        return self.distance.holds(place.distance, place.deviation)

    def _in_zone(self, thing: Detection, situation: Situation) -> bool | None:
        if self.zone is None:
            return True
        if self.zone.plane is Plane.GROUND:
            if not thing.place:
                return None
            return _on_ground(thing.place[0], self.zone)
        if not thing.has_box:
            return None
        seen = situation.seen
        across = (thing.x + thing.width / 2) / seen.image_width
        down = min((thing.y + thing.height) / seen.image_height, _LOWEST)
        return self.zone.contains(across, down)

    def mismatch(self, facts: ModelFacts) -> Iterator[str]:
        """Yield that a classification has no places."""
        if facts.decoder == "classification":
            yield f" asks where a thing is, but {facts.model} is a classification without boxes"


def _on_ground(place: Place, zone: Zone) -> bool | None:
    """Return whether a place is in a zone; None if it is not sure."""
    x, y = place.position.x, place.position.y
    if math.isinf(place.deviation):  # there or farther away
        farthest = (x * _FARTHEST, y * _FARTHEST)
        return None if polygon.meets(zone.corners, (x, y), farthest) else False
    sizes, axes = np.linalg.eigh(np.reshape(place.covariance, (2, 2)))
    ends = (axes * (SURE * np.sqrt(sizes.clip(0)))).T
    around = [(x, y), *((x + dx, y + dy) for dx, dy in np.vstack([ends, -ends]).tolist())]
    found = {zone.contains(*point) for point in around}
    return found.pop() if len(found) == 1 else None


def _read(fields: Fields, zones: Mapping[str, Zone]) -> InRange:
    return InRange(
        interval.read(fields["range"], _FARTHEST) if "range" in fields else None,
        rule_zones.choose(fields["zone"], zones, Plane.IMAGE, Plane.GROUND)
        if "zone" in fields
        else None,
    )


FAMILY = Family(
    {
        "range": interval.schema("How far it is from the robot [m]", _FARTHEST),
        "zone": {
            "description": "A zone of the image or of the ground in which it stands",
            "type": "string",
        },
    },
    _read,
)
