"""What is true in a bag, as somebody marked it by hand or as a topic of the bag says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge_perception.core.decision.schema import mapping, Schema
from edge_perception.core.located_yaml import Item, read
from edge_perception.files import read_file
from edge_perception.replay.intervals import Interval, merged

SUFFIX = ".labels.yaml"
"""What the name of a bag's labels ends with, beside the bag."""
_KEYS = ("hold", "see", "boxes", "unlock", "pose")
_LONGEST = 1e6  # seconds


@dataclass(frozen=True)
class Box:
    """
    A thing in a picture.

    :ivar at: seconds since the bag began.
    :ivar box: left, top, width, height [pixel].
    """

    at: float
    label: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Labels:
    """
    What is true.

    :ivar hold: when the robot must not move; None: that isn't known.
    :ivar see: when something of a label is in the picture, by label.
    :ivar boxes: of the pictures that were marked, or the topic that has them.
    :ivar unlock: when the door may be opened; None: that isn't known.
    :ivar pose: the topic of where the robot is in truth; empty: none.
    """

    hold: tuple[Interval, ...] | None = None
    see: Mapping[str, tuple[Interval, ...]] = field(default_factory=dict)
    boxes: tuple[Box, ...] | str = ()
    unlock: tuple[Interval, ...] | None = None
    pose: str = ""


def load(path: Path) -> Labels:
    """
    Read a file of labels.

    :raises FileError: at the first mistake: file, line, column, what was expected.
    """
    item = read(path, read_file)
    fields = item.mapping(_KEYS)
    if not fields:
        raise item.error(f"nothing is marked; expected one of {', '.join(_KEYS)}")
    see = fields["see"].mapping() if "see" in fields else {}
    return Labels(
        _intervals(fields["hold"]) if "hold" in fields else None,
        {name: _intervals(one) for name, one in see.items()},
        _boxes(fields["boxes"]) if "boxes" in fields else (),
        _intervals(fields["unlock"]) if "unlock" in fields else None,
        fields["pose"].text() if "pose" in fields else "",
    )


def beside(bag: Path) -> Path | None:
    """Return the file of labels beside a bag; None if there is none."""
    for name in (bag.name, bag.stem):
        path = bag.with_name(name + SUFFIX)
        if path.is_file():
            return path
    return None


def schema() -> Schema:
    """Return the JSON schema of such files, draft 2020-12."""
    second: Schema = {"type": "number", "minimum": 0, "maximum": _LONGEST}
    intervals: Schema = {
        "type": "array",
        "items": {"type": "array", "items": second, "minItems": 2, "maxItems": 2},
    }
    box = mapping(
        "A thing in a picture",
        {
            "at": {"description": "When [s]", **second},
            "label": {"type": "string", "minLength": 1},
            "box": {
                "description": "Left, top, width, height [pixel]",
                "type": "array",
                "items": {"type": "number"},
                "minItems": 4,
                "maxItems": 4,
            },
        },
        ("at", "label", "box"),
    )
    topic: Schema = {"type": "string", "pattern": "^/"}
    keys: Schema = {
        "hold": {"description": "When the robot must not move", **intervals},
        "see": {
            "description": "When something of a label is in the picture, by label",
            "type": "object",
            "additionalProperties": intervals,
        },
        "boxes": {
            "description": "Things in pictures, or the topic (DetectionArray) that has them",
            "oneOf": [topic, {"type": "array", "items": box}],
        },
        "unlock": {"description": "When the door may be opened", **intervals},
        "pose": {
            "description": "The topic (Odometry, PoseStamped, PoseWithCovarianceStamped) of where "
            "the robot is in truth",
            **topic,
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Labels of a bag for edge-robot replay: times in seconds since its first message",
        "minProperties": 1,
        **mapping("What is true in a bag", keys),
    }


def _intervals(item: Item) -> tuple[Interval, ...]:
    """Read spans; an empty list says that there are none."""
    if item.value() == []:
        return ()
    found = []
    for one in item.sequence():
        pair = one.sequence()
        if len(pair) != 2:
            raise one.error(f"expected [begin, end] in seconds, received {len(pair)} values")
        begin, end = (value.number(0, _LONGEST) for value in pair)
        if end < begin:
            raise one.error(f"it ends at {end:g} s before it begins at {begin:g} s")
        found.append((begin, end))
    return tuple(merged(found))


def _boxes(item: Item) -> tuple[Box, ...] | str:
    if not item.is_sequence():
        return _topic(item)
    boxes = []
    for one in item.sequence():
        fields = one.mapping(("at", "label", "box"), ("at", "label", "box"))
        numbers = [value.number(-1e6, 1e6) for value in fields["box"].sequence()]
        if len(numbers) != 4:
            raise fields["box"].error("expected [left, top, width, height] in pixels")
        left, top, width, height = numbers
        at = fields["at"].number(0, _LONGEST)
        boxes.append(Box(at, fields["label"].text(), (left, top, width, height)))
    return tuple(boxes)


def _topic(item: Item) -> str:
    topic = item.text()
    if not topic.startswith("/"):
        raise item.error(f"expected a topic such as /truth, received {topic!r}")
    return topic
