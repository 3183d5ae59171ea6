"""A signal that stands while an action is given, e.g. for a horn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge_perception.core.decision.action import Action, Actuator, Setting, Signal
from edge_perception.core.decision.schema import Schema
from edge_perception.core.located_yaml import Item
from edge_perception.core.node import Port

_PORT = Port("trigger", "std_msgs/msg/Bool", "trigger", sole=True)


@dataclass(frozen=True)
class Trigger(Setting):
    """The trigger output is set."""

    key: ClassVar[str] = "trigger"
    usual_ports: ClassVar[tuple[Port, ...]] = (_PORT,)
    schema: ClassVar[Schema] = {
        "description": "true: std_msgs/Bool true on the topic trigger while this is given",
        "type": "boolean",
    }

    @classmethod
    def read(cls, item: Item) -> Trigger | None:
        """Read whether it is."""
        return cls() if item.flag() else None

    @classmethod
    def actuator(cls, actions: Sequence[Action]) -> Actuator:
        """Return what publishes the signal."""
        return Signal(_PORT, Trigger)


SETTING = Trigger
