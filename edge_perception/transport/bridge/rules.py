"""Which topics go over the bridge, and how: config/bridge.yaml, read and checked."""

from __future__ import annotations

from dataclasses import dataclass
import enum
from fnmatch import fnmatchcase
from pathlib import Path

from edge_perception.core.located_yaml import Item, read
from edge_perception.core.node import Qos
from edge_perception.files import read_file

NAME = "edge_bridge"
"""What all bridges are called, so that none takes what another one brought."""
SERVANT = f"{NAME}_services"
"""The node in which a bridge offers the robot's services."""
_FASTEST, _LONGEST = 1000.0, 60.0
_QOS = {one.value: one for one in Qos}


class Direction(enum.Enum):
    """Where messages go, as the file names it."""

    TO_ROS = "to_ros"
    FROM_ROS = "from_ros"


@dataclass(frozen=True)
class Route:
    """
    How a topic goes over the bridge.

    :ivar name: on the other side
    :ivar rate: messages a second that pass at most; 0: all of them
    :ivar expires: age in seconds at which a message, a command, is too old to pass; 0: none is
    :ivar qos: in ROS 2; None: as the publisher has it
    """

    topic: str
    name: str
    rate: float = 0.0
    expires: float = 0.0
    qos: Qos | None = None


@dataclass(frozen=True)
class Side:
    """Patterns of topics that may go in a direction, as in a shell: *, ?, [...]."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def takes(self, topic: str) -> bool:
        """Tell whether a topic may go."""
        return any(fnmatchcase(topic, one) for one in self.allow) and not any(
            fnmatchcase(topic, one) for one in self.deny
        )


@dataclass(frozen=True)
class Rules:
    """Everything that a file says."""

    sides: dict[Direction, Side]
    routes: tuple[Route, ...]

    def route(self, direction: Direction, topic: str) -> Route | None:
        """Return how a topic goes in a direction; None if it doesn't."""
        return self._way(topic) if self.sides[direction].takes(topic) else None

    def circle(self, topic: str) -> str:
        """Return why nothing of a topic may go, as it would come back; empty: it would not."""
        there, back = (self.sides[one] for one in Direction)
        name = self._way(topic).name
        if not any(
            one.takes(topic) and other.takes(name) for one, other in ((there, back), (back, there))
        ):
            return ""
        return (
            f"{topic} may go both ways, so what is sent would come back for ever: deny it in one"
            " direction, or give it another name"
        )

    def _way(self, topic: str) -> Route:
        """Return how a topic goes if it may."""
        return next((one for one in self.routes if one.topic == topic), Route(topic, topic))


def is_bridge(node: str) -> bool:
    """Tell whether a node is a bridge, by its name."""
    return node.rpartition("/")[2].startswith(NAME)


def load(path: Path) -> Rules:
    """
    Read and check a file.

    :raises FileError: at the first mistake: file, line, column, what was expected
    """
    names = tuple(one.value for one in Direction)
    top = read(path, read_file).mapping((*names, "topics"))
    topics = top["topics"].mapping() if "topics" in top else {}
    return Rules(
        {one: _side(top[one.value]) if one.value in top else Side() for one in Direction},
        tuple(_route(topic, item) for topic, item in topics.items()),
    )


def _side(item: Item) -> Side:
    fields = item.mapping(("allow", "deny"))
    patterns = {
        name: tuple(_topic(one) for one in value.sequence()) for name, value in fields.items()
    }
    return Side(patterns.get("allow", ()), patterns.get("deny", ()))


def _route(topic: str, item: Item) -> Route:
    fields = item.mapping(("name", "rate", "expires", "qos"))
    return Route(
        topic,
        _topic(fields["name"]) if "name" in fields else topic,
        fields["rate"].number(0.001, _FASTEST) if "rate" in fields else 0.0,
        fields["expires"].number(0.001, _LONGEST) if "expires" in fields else 0.0,
        _QOS[fields["qos"].choice(_QOS, "quality of service")] if "qos" in fields else None,
    )


def _topic(item: Item) -> str:
    text = item.text()
    if not text.startswith(("/", "*")):
        raise item.error(f"expected the full name of a topic, such as /{text}, received {text!r}")
    return text
