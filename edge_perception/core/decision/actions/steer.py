"""A velocity in place of what drives the robot, through the velocity gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge_perception.core.decision.action import Action, Actuator, Given, Setting
from edge_perception.core.decision.schema import mapping, Schema
from edge_perception.core.located_yaml import Item
from edge_perception.core.node import Outputs, Port
from edge_perception.core.stamps import to_time
from edge_perception.messages.types import Header, Twist, TwistStamped, Vector3

_FASTEST = 100.0
_SPEEDS = {
    "linear": "[m/s] ahead, negative: back",
    "sideways": "[m/s] to the left, for robots that can",
    "angular": "[rad/s] to the left",
}


_PORTS = (Port("steering", "geometry_msgs/msg/TwistStamped", "cmd_vel_steer", sole=True),)


@dataclass(frozen=True)
class Steer(Setting):
    """The robot drives so while this is given, within the limit."""

    key: ClassVar[str] = "steer"
    usual_ports: ClassVar[tuple[Port, ...]] = _PORTS
    schema: ClassVar[Schema] = mapping(
        "The velocity gate passes this on in place of what it is sent, within the limit",
        {
            key: {
                "description": said,
                "type": "number",
                "minimum": -_FASTEST,
                "maximum": _FASTEST,
            }
            for key, said in _SPEEDS.items()
        },
    )

    linear: float = 0.0
    sideways: float = 0.0
    angular: float = 0.0

    @classmethod
    def read(cls, item: Item) -> Steer:
        """Read the speeds; those that aren't given are 0."""
        fields = item.mapping(known=tuple(_SPEEDS))
        return cls(**{key: value.number(-_FASTEST, _FASTEST) for key, value in fields.items()})

    @classmethod
    def actuator(cls, actions: Sequence[Action]) -> Actuator:
        """Return what publishes velocities."""
        return _Steering()


class _Steering(Actuator):
    ports = _PORTS

    def act(self, given: Given) -> Outputs:
        """Publish the velocity, if the action has one."""
        wanted = given.action.get(Steer)
        if wanted is None:
            return []
        linear, angular = Vector3(x=wanted.linear, y=wanted.sideways), Vector3(z=wanted.angular)
        header = Header(stamp=to_time(given.now))
        return [("steering", TwistStamped(header, Twist(linear, angular)))]


SETTING = Steer
