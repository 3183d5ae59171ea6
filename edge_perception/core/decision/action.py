"""Actions: what a robot may be told to do, and how it is told."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from edge_perception.core.decision.guard import Circumstances, Guard
from edge_perception.core.decision.schema import Schema
from edge_perception.core.located_yaml import Item
from edge_perception.core.node import Outputs, Port
from edge_perception.messages.types import Bool, Decision

_S = TypeVar("_S", bound="Setting")


class Setting(ABC):
    """
    One of the things that an action consists of.

    :cvar key: under which it stands in an action.
    :cvar schema: of its value.
    :cvar usual_ports: those of its actuator whose names don't depend on the rules.
    :cvar grants: whether it grants something: then its rule is not in force by what isn't known.
    :cvar needs_rule: whether the default and the safe action must not have it.
    """

    key: ClassVar[str]
    schema: ClassVar[Schema]
    grants: ClassVar[bool] = True
    needs_rule: ClassVar[bool] = False
    usual_ports: ClassVar[tuple[Port, ...]] = ()

    @classmethod
    @abstractmethod
    def read(cls: type[_S], item: Item) -> _S | None:
        """
        Read its value; None if that says that there is none.

        :raises FileError: if it can't be right.
        """

    @classmethod
    def check(cls, item: Item, actions: Mapping[str, Action]) -> None:
        """
        Check all actions of a file together.

        :param item: that they were read from.
        :raises FileError: if they don't fit together.
        """
        return

    def guard(self, circumstances: Circumstances) -> Guard | None:
        """Return what the action waits for beside its rule; here nothing."""
        return None

    @classmethod
    @abstractmethod
    def actuator(cls, actions: Sequence[Action]) -> Actuator:
        """Return what tells the robot, of actions of which one has such a setting at least."""


@dataclass(frozen=True)
class Action:
    """
    What the robot may be told to do.

    :ivar settings: of different types.
    """

    name: str
    settings: tuple[Setting, ...] = ()

    def get(self, kind: type[_S]) -> _S | None:
        """Return the setting of a type; None if there is none."""
        return next((one for one in self.settings if isinstance(one, kind)), None)


@dataclass(frozen=True)
class Given:
    """
    An action that is given now.

    :ivar began: whether another one was given before.
    :ivar now: ROS time [ns].
    """

    action: Action
    decision: Decision
    began: bool
    now: int


class Actuator(ABC):
    """
    Tells the robot one sort of settings.

    :ivar ports: that it publishes on.
    """

    ports: tuple[Port, ...] = ()

    @abstractmethod
    def act(self, given: Given) -> Outputs:
        """Return what is published with a decision. It rests on what is given alone."""


class Signal(Actuator):
    """A std_msgs/Bool that is true while an action with a setting is given."""

    def __init__(self, port: Port, kind: type[Setting]) -> None:
        """Take the output, and the type of the setting."""
        self.ports = (port,)
        self._kind = kind

    def act(self, given: Given) -> Outputs:
        """Publish whether the action has the setting."""
        return [(self.ports[0].name, Bool(data=given.action.get(self._kind) is not None))]
