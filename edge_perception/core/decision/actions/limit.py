"""Limits of speeds, which the velocity gate keeps to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge_perception.core.decision.action import Action, Actuator, Given, Setting
from edge_perception.core.decision.schema import mapping, Schema
from edge_perception.core.located_yaml import Item
from edge_perception.core.node import Outputs, Port
from edge_perception.core.stamps import to_time
from edge_perception.messages.types import Header, Twist, TwistStamped, Vector3

_FASTEST = 100.0


_PORTS = (
    Port("limit", "geometry_msgs/msg/Twist", "cmd_vel_limit", sole=True),
    Port("limit_stamped", "geometry_msgs/msg/TwistStamped", "cmd_vel_limit_stamped", sole=True),
)


@dataclass(frozen=True, order=True)
class Limit(Setting):
    """The greatest speeds that an action allows: forward in m/s and turning in rad/s."""

    key: ClassVar[str] = "limit"
    usual_ports: ClassVar[tuple[Port, ...]] = _PORTS
    schema: ClassVar[Schema] = mapping(
        "The greatest speeds: all actions have them, or none",
        {
            "linear": {
                "description": "[m/s]",
                "type": "number",
                "minimum": 0,
                "maximum": _FASTEST,
            },
            "angular": {
                "description": "[rad/s]",
                "type": "number",
                "minimum": 0,
                "maximum": _FASTEST,
            },
        },
        required=("linear", "angular"),
    )
    grants: ClassVar[bool] = False

    linear: float
    angular: float

    @classmethod
    def read(cls, item: Item) -> Limit:
        """Read both speeds."""
        keys = ("linear", "angular")
        fields = item.mapping(known=keys, required=keys)
        return cls(*(fields[key].number(0.0, _FASTEST) for key in keys))

    @classmethod
    def check(cls, item: Item, actions: Mapping[str, Action]) -> None:
        """Check that all actions limit speeds, or none."""
        without = [action.name for action in actions.values() if action.get(Limit) is None]
        if without and len(without) < len(actions):
            raise item.error(
                f"the action {without[0]!r} has no limit, but others have; give all of them a "
                "limit, as the last limit stays in force until another one comes"
            )

    @classmethod
    def actuator(cls, actions: Sequence[Action]) -> Actuator:
        """Return what publishes limits."""
        return _Limiter()


class _Limiter(Actuator):
    ports = _PORTS

    def act(self, given: Given) -> Outputs:
        """Publish the limit, with and without a time."""
        limit = given.action.get(Limit)
        assert limit is not None, "either all actions have a limit, or none"
        speeds = Twist(linear=Vector3(x=limit.linear), angular=Vector3(z=limit.angular))
        stamped = TwistStamped(header=Header(stamp=to_time(given.now)), twist=speeds)
        return [("limit", speeds), ("limit_stamped", stamped)]


SETTING = Limit
