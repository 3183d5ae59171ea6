"""Where the robot is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from edge_perception.core.decision import zones as rule_zones
from edge_perception.core.decision.condition import Family, RobotPredicate
from edge_perception.core.decision.situation import Situation
from edge_perception.core.decision.zones import Plane, Zone
from edge_perception.core.located_yaml import Fields


@dataclass(frozen=True)
class RobotIn(RobotPredicate):
    """The origin of the robot's base is in a zone."""

    inputs: ClassVar[tuple[str, ...]] = ("odometry",)

    zone: Zone

    def holds(self, situation: Situation) -> bool:
        """Return whether it is."""
        return self.zone.contains(*situation.travel.position)

    def describe(self, situation: Situation) -> str:
        """Return where it is."""
        return f"the robot is in {self.zone.name}"


def _read(fields: Fields, zones: Mapping[str, Zone]) -> RobotIn:
    return RobotIn(rule_zones.choose(fields["robot_zone"], zones, Plane.ODOMETRY))


FAMILY = Family(
    {
        "robot_zone": {
            "description": "A zone of the plane 'odometry' in which the robot is",
            "type": "string",
        }
    },
    _read,
)
