"""Conditions on what is seen in an image and how the robot moves, as written in a rule file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
import math
from typing import Protocol

from edge_perception.core.decision.travel import Travel
from edge_perception.core.labels import matches
from edge_perception.core.located_yaml import Item
from edge_perception.core.plausible import FASTEST
from edge_perception.messages.types import Detection, DetectionArray

SIZES = ("width", "height", "area")


class Condition(Protocol):
    """Something that holds or does not hold for an image."""

    def evidence(self, seen: DetectionArray, travel: Travel) -> list[Detection] | None:
        """
        Return the detections that make it hold, or None if it does not hold.

        :param seen: an edge_perception/msg/DetectionArray whose numbers can be true.
        :param travel: of the robot.
        """

    def seeing(self) -> Iterator[Seen]:
        """Yield the conditions on single detections that it consists of."""

    def asks_for_motion(self) -> bool:
        """Return whether it depends on how the robot moves."""


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included."""

    low: float = 0.0
    high: float = math.inf

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Seen:
    """
    There is a detection that fulfils all of this.

    :ivar labels: patterns in lower case of which one must match the detection's label, or what
        a later stage says of it; empty: any label.
    :ivar score: the range of the score that belongs to that label.
    :ivar sizes: ranges of the box's width, height and area as fractions of the image's. A
        detection without a box fulfils none.
    """

    labels: tuple[str, ...] = ()
    score: Range = Range()
    sizes: dict[str, Range] = field(default_factory=dict)

    def evidence(self, seen: DetectionArray, travel: Travel) -> list[Detection] | None:
        """Return the detections that fulfil all."""
        found = [thing for thing in seen.detections if self._matches(thing, seen)]
        return found or None

    def seeing(self) -> Iterator[Seen]:
        """Yield this condition."""
        yield self

    def asks_for_motion(self) -> bool:
        """Return False: what is seen says nothing of motion."""
        return False

    def _matches(self, thing: Detection, seen: DetectionArray) -> bool:
        names = [(thing.label, thing.score)]
        if self.labels:
            names += [(said.label, said.score) for said in thing.attributes]
        if not any(score in self.score and self._fits(label) for label, score in names):
            return False
        if not self.sizes:
            return True
        if not (thing.has_box and seen.image_width and seen.image_height):
            return False
        width, height = thing.width / seen.image_width, thing.height / seen.image_height
        actual = {"width": width, "height": height, "area": width * height}
        return all(actual[name] in wanted for name, wanted in self.sizes.items())

    def _fits(self, label: str) -> bool:
        return not self.labels or any(matches(label, pattern) for pattern in self.labels)


@dataclass(frozen=True)
class Moving:
    """The robot moves at such a speed, or has moved so far."""

    speed: Range = Range()
    distance: Range = Range()

    def evidence(self, seen: DetectionArray, travel: Travel) -> list[Detection] | None:
        """Return nothing that is seen, if it holds."""
        holds = travel.speed in self.speed and travel.distance in self.distance
        return [] if holds else None

    def seeing(self) -> Iterator[Seen]:
        """Yield nothing: no detection is asked for."""
        return iter(())

    def asks_for_motion(self) -> bool:
        """Return True."""
        return True


@dataclass(frozen=True)
class Combination:
    """Several conditions of which ``any``, ``all`` or ``none`` must hold."""

    how: str
    parts: tuple[Condition, ...]

    def evidence(self, seen: DetectionArray, travel: Travel) -> list[Detection] | None:
        """Return the evidence of the parts that hold."""
        found = [part.evidence(seen, travel) for part in self.parts]
        holding = [evidence for evidence in found if evidence is not None]
        needed = {"any": len(holding) > 0, "all": len(holding) == len(found), "none": not holding}
        if not needed[self.how]:
            return None
        unique = {id(thing): thing for evidence in holding for thing in evidence}
        return list(unique.values())

    def seeing(self) -> Iterator[Seen]:
        """Yield the conditions of all parts."""
        for part in self.parts:
            yield from part.seeing()

    def asks_for_motion(self) -> bool:
        """Return whether any part does."""
        return any(part.asks_for_motion() for part in self.parts)


HOW = ("any", "all", "none")
_KEYS = ("label", "score", *SIZES)
_MOTION = ("speed", "distance")
_FARTHEST = 1e9


def read(item: Item) -> Condition:
    """
    Read a condition of a rule file.

    :raises FileError: if it is none.
    """
    fields = item.mapping(known=(*_KEYS, *_MOTION, *HOW))
    how = [name for name in fields if name in HOW]
    if how and len(fields) > 1:
        raise item.error(f"{how[0]!r} can't stand beside other keys; put them into its list")
    if how:
        return Combination(how[0], tuple(read(part) for part in fields[how[0]].sequence()))
    if not fields:
        known = ", ".join((*_KEYS, *_MOTION, *HOW))
        raise item.error(f"the condition is empty; expected one of {known}")
    motion = [name for name in fields if name in _MOTION]
    if motion and len(motion) < len(fields):
        raise item.error(f"{motion[0]!r} can't stand beside what is seen; put both into 'all'")
    if motion:
        return Moving(
            speed=_range(fields["speed"], FASTEST) if "speed" in fields else Range(),
            distance=_range(fields["distance"], _FARTHEST) if "distance" in fields else Range(),
        )
    return Seen(
        labels=_labels(fields["label"]) if "label" in fields else (),
        score=_range(fields["score"]) if "score" in fields else Range(),
        sizes={name: _range(fields[name]) for name in SIZES if name in fields},
    )


def _labels(item: Item) -> tuple[str, ...]:
    items = item.sequence() if item.is_sequence() else [item]
    return tuple(label.text().lower() for label in items)


def _range(item: Item, most: float = 1.0) -> Range:
    """Read "0.5", which means at least 0.5, or {min: 0.1, max: 0.5}."""
    if not item.is_mapping():
        return Range(item.number(0.0, most))
    bounds = {
        name: bound.number(0.0, most) for name, bound in item.mapping(known=("min", "max")).items()
    }
    found = Range(bounds.get("min", 0.0), bounds.get("max", math.inf))
    if found.low > found.high:
        raise item.error(f"min {found.low:g} is greater than max {found.high:g}")
    return found
