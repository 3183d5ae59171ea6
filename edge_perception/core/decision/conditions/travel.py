"""How the robot moves and how far it has moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from edge_perception.core.decision import interval
from edge_perception.core.decision.condition import Family, RobotPredicate
from edge_perception.core.decision.interval import Interval
from edge_perception.core.decision.situation import Situation
from edge_perception.core.decision.zones import Zone
from edge_perception.core.located_yaml import Fields
from edge_perception.core.plausible import FASTEST

_FARTHEST = 1e9


@dataclass(frozen=True)
class Moving(RobotPredicate):
    """The robot moves at such a speed [m/s], or has moved so far [m]."""

    inputs: ClassVar[tuple[str, ...]] = ("odometry",)

    speed: Interval
    distance: Interval

    def holds(self, situation: Situation) -> bool:
        """Return whether both are in their ranges."""
        travel = situation.travel
        return travel.speed in self.speed and travel.distance in self.distance

    def describe(self, situation: Situation) -> str:
        """Return how it moves."""
        return f"the robot moves at {situation.travel}"


def _read(fields: Fields, zones: Mapping[str, Zone]) -> Moving:
    return Moving(
        speed=interval.read(fields["speed"], FASTEST) if "speed" in fields else Interval(),
        distance=interval.read(fields["distance"], _FARTHEST)
        if "distance" in fields
        else Interval(),
    )


FAMILY = Family(
    {
        "speed": interval.schema("Speed of the robot [m/s]", FASTEST),
        "distance": interval.schema("Way that the robot has travelled [m]", _FARTHEST),
    },
    _read,
)
