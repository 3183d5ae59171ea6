"""A service that is called when an action begins, e.g. to play a sound or to switch a light."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge_perception.core.decision.action import Action, Actuator, Given, Setting
from edge_perception.core.decision.actions.publish import TOPIC, topic_name
from edge_perception.core.decision.schema import mapping, Schema
from edge_perception.core.located_yaml import Item
from edge_perception.core.node import Outputs, Port
from edge_perception.messages.types import Bool, Empty


@dataclass(frozen=True)
class Call(Setting):
    """
    A service is called.

    :ivar service: its name.
    :ivar data: what a std_srvs/SetBool is given; None: it is a std_srvs/Trigger.
    """

    key: ClassVar[str] = "call"
    schema: ClassVar[Schema] = mapping(
        "A service that is called once, when this begins to be given",
        {
            "service": {
                "description": "Name of the service",
                "type": "string",
                "pattern": f"^{TOPIC}$",
            },
            "data": {
                "description": "For a std_srvs/SetBool; without it, it is a std_srvs/Trigger",
                "type": "boolean",
            },
        },
        required=("service",),
    )

    service: str
    data: bool | None = None

    @classmethod
    def read(cls, item: Item) -> Call:
        """Read the service and what it is given."""
        fields = item.mapping(known=("service", "data"), required=("service",))
        data = fields["data"].flag() if "data" in fields else None
        return cls(topic_name(fields["service"]), data)

    @classmethod
    def check(cls, item: Item, actions: Mapping[str, Action]) -> None:
        """Check that a service has one type."""
        kinds: dict[str, bool] = {}
        for one in _calls(actions.values()):
            if kinds.setdefault(one.service, one.data is None) != (one.data is None):
                raise item.error(
                    f"the service {one.service!r} is called with 'data' (std_srvs/SetBool) and "
                    "without (std_srvs/Trigger); it has one type"
                )

    @classmethod
    def actuator(cls, actions: Sequence[Action]) -> Actuator:
        """Return what calls all services."""
        return _Caller(_calls(actions))

    @property
    def port(self) -> Port:
        """Return the output on which the call goes out."""
        if self.data is None:
            kind, service = "std_msgs/msg/Empty", "std_srvs/srv/Trigger"
        else:
            kind, service = "std_msgs/msg/Bool", "std_srvs/srv/SetBool"
        return Port(f"call {self.service}", kind, self.service, service=service)


class _Caller(Actuator):
    def __init__(self, calls: Sequence[Call]) -> None:
        self.ports = tuple(dict.fromkeys(one.port for one in calls))

    def act(self, given: Given) -> Outputs:
        """Call the service of an action that begins."""
        call = given.action.get(Call)
        if call is None or not given.began:
            return []
        return [(call.port.name, Empty() if call.data is None else Bool(data=call.data))]


def _calls(actions: Iterable[Action]) -> list[Call]:
    return [one for action in actions if (one := action.get(Call))]


SETTING = Call
