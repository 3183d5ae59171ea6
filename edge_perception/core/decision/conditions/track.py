"""For how long a thing has been seen, and when it is reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import math

from edge_perception.core.decision import interval
from edge_perception.core.decision.condition import Family, ThingPredicate
from edge_perception.core.decision.interval import Interval
from edge_perception.core.decision.situation import Situation
from edge_perception.core.decision.zones import Zone
from edge_perception.core.located_yaml import Fields
from edge_perception.messages.types import Detection

_LONGEST = 3600.0


@dataclass(frozen=True)
class Followed(ThingPredicate):
    """
    The thing has been seen for so long, and is reached after such a time.

    :ivar age: since it was seen first [s].
    :ivar contact: until the camera reaches it [s]; what doesn't come nearer, never.
    """

    age: Interval
    contact: Interval

    def holds(self, thing: Detection, situation: Situation) -> bool | None:
        """Return whether both are in their ranges; None if it is not tracked."""
        if thing.track_id <= 0:
            return None
        contact = thing.time_to_contact or math.inf
        return thing.track_age in self.age and contact in self.contact


def _read(fields: Fields, zones: Mapping[str, Zone]) -> Followed:
    age, contact = (
        interval.read(fields[key], _LONGEST) if key in fields else Interval()
        for key in ("track_age", "time_to_contact")
    )
    return Followed(age, contact)


FAMILY = Family(
    {
        "track_age": interval.schema("For how long it has been seen [s]", _LONGEST),
        "time_to_contact": interval.schema(
            "When the camera reaches it if both go on so [s]", _LONGEST
        ),
    },
    _read,
)
