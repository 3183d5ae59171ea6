"""Unlocking: a signal for one live thing that is surely the right one, and a record of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge_perception.core.decision.action import Action, Actuator, Setting, Signal
from edge_perception.core.decision.conditions.identity import STAGE
from edge_perception.core.decision.doorkeeper import Doorkeeper
from edge_perception.core.decision.guard import Circumstances, Guard
from edge_perception.core.decision.schema import mapping, Schema
from edge_perception.core.located_yaml import Item
from edge_perception.core.node import Port
from edge_perception.core.stamps import SECOND

_PORT = Port("unlock", "std_msgs/msg/Bool", "unlock", sole=True)
_MOST_MATCHES = 1000
_LONGEST = 3600.0


@dataclass(frozen=True)
class Unlock(Setting):
    """
    A lock is opened as long as the action is given.

    :ivar matches: images in a row in which the same track must be evidence for the rule.
    :ivar interval: least time in nanoseconds from one opening to the next.
    :ivar strangers: whether somebody unknown may be nearer to the camera.
    :ivar stage: name of the stage that says who is known.
    """

    key: ClassVar[str] = "unlock"
    needs_rule: ClassVar[bool] = True
    usual_ports: ClassVar[tuple[Port, ...]] = (_PORT,)
    schema: ClassVar[Schema] = mapping(
        "Opens a lock: std_msgs/Bool true on the topic unlock, for one live track, recorded",
        {
            "matches": {
                "description": "Images in a row that show the same track; 5 if not given",
                "type": "integer",
                "minimum": 2,
                "maximum": _MOST_MATCHES,
            },
            "interval": {
                "description": "Least time from one opening to the next [s]; 10 if not given",
                "type": "number",
                "minimum": 0,
                "maximum": _LONGEST,
            },
            "strangers": {
                "description": "Whether somebody unknown may be nearer; false if not given",
                "type": "boolean",
            },
            "stage": {
                "description": f"Name of the stage that knows people; {STAGE} if not given",
                "type": "string",
            },
        },
    )

    matches: int = 5
    interval: int = 10 * SECOND
    strangers: bool = False
    stage: str = STAGE

    @classmethod
    def read(cls, item: Item) -> Unlock:
        """Read what is given of it."""
        fields = item.mapping(known=("matches", "interval", "strangers", "stage"))
        given = cls()
        return cls(
            fields["matches"].integer(2, _MOST_MATCHES) if "matches" in fields else given.matches,
            round(fields["interval"].number(0.0, _LONGEST) * SECOND)
            if "interval" in fields
            else given.interval,
            fields["strangers"].flag() if "strangers" in fields else given.strangers,
            fields["stage"].text() if "stage" in fields else given.stage,
        )

    @classmethod
    def actuator(cls, actions: Sequence[Action]) -> Actuator:
        """Return what publishes the signal."""
        return Signal(_PORT, Unlock)

    def guard(self, circumstances: Circumstances) -> Guard:
        """Return what refuses it to all but one live track."""
        return Doorkeeper(
            circumstances,
            matches=self.matches,
            interval=self.interval,
            strangers=self.strangers,
            stage=self.stage,
        )


SETTING = Unlock
