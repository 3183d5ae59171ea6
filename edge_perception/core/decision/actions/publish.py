"""A text that is published when an action begins, e.g. for a speech node or a display."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import re
from typing import ClassVar

from edge_perception.core.decision.action import Action, Actuator, Given, Setting
from edge_perception.core.decision.schema import mapping, Schema
from edge_perception.core.located_yaml import Item
from edge_perception.core.node import Outputs, Port
from edge_perception.messages.types import String

TOPIC = r"/?[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*"
"""The names that topics and services may have."""


@dataclass(frozen=True)
class Publish(Setting):
    """A std_msgs/String is published on a topic."""

    key: ClassVar[str] = "publish"
    schema: ClassVar[Schema] = mapping(
        "A text that is published once, when this begins to be given",
        {
            "topic": {
                "description": "of std_msgs/String",
                "type": "string",
                "pattern": f"^{TOPIC}$",
            },
            "text": {"type": "string", "minLength": 1},
        },
        required=("topic", "text"),
    )

    topic: str
    text: str

    @classmethod
    def read(cls, item: Item) -> Publish:
        """Read topic and text."""
        keys = ("topic", "text")
        fields = item.mapping(known=keys, required=keys)
        return cls(topic_name(fields["topic"]), fields["text"].text())

    @classmethod
    def actuator(cls, actions: Sequence[Action]) -> Actuator:
        """Return what publishes all texts."""
        settings = [one for action in actions if (one := action.get(Publish))]
        return _Publisher(sorted({one.topic for one in settings}))


class _Publisher(Actuator):
    def __init__(self, topics: Sequence[str]) -> None:
        self.ports = tuple(Port(_port(topic), "std_msgs/msg/String", topic) for topic in topics)

    def act(self, given: Given) -> Outputs:
        """Publish the text of an action that begins."""
        setting = given.action.get(Publish)
        if setting is None or not given.began:
            return []
        return [(_port(setting.topic), String(data=setting.text))]


def topic_name(item: Item) -> str:
    """Read the name of a topic or service."""
    name = item.text()
    if not re.fullmatch(TOPIC, name):
        raise item.error(f"{name!r} can't be a name in ROS; expected e.g. 'speech/say'")
    return name


def _port(topic: str) -> str:
    return f"publish {topic}"


SETTING = Publish
