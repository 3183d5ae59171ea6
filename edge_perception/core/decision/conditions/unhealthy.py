"""Whether a part of the robot is not well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from edge_perception.core.decision.condition import Family, RobotPredicate
from edge_perception.core.decision.schema import one_or_several
from edge_perception.core.decision.situation import Situation
from edge_perception.core.decision.zones import Zone
from edge_perception.core.located_yaml import Fields


@dataclass(frozen=True)
class Unhealthy(RobotPredicate):
    """
    One of the parts whose names fit reports an error.

    :ivar patterns: in lower case, of names on /diagnostics.
    """

    inputs: ClassVar[tuple[str, ...]] = ("diagnostics",)

    patterns: tuple[str, ...]

    def holds(self, situation: Situation) -> bool | None:
        """Return whether one does; None if one that is asked for hasn't spoken lately."""
        faults = [situation.health.fault(pattern) for pattern in self.patterns]
        if any(faults):
            return True
        return None if None in faults else False

    def describe(self, situation: Situation) -> str:
        """Return what is wrong."""
        for pattern in self.patterns:
            fault = situation.health.fault(pattern)
            if fault is None:
                return f"nothing that is called {pattern!r} reports on /diagnostics"
            if fault:
                return fault
        return f"{', '.join(self.patterns)} is well"


def _read(fields: Fields, zones: Mapping[str, Zone]) -> Unhealthy:
    given = fields["unhealthy"].one_or_several()
    return Unhealthy(tuple(name.text().lower() for name in given))


FAMILY = Family(
    {
        "unhealthy": one_or_several(
            'Names on /diagnostics, such as "imu: *", of which one reports an error'
        )
    },
    _read,
)
