"""Conditions of rules: what must be true of a thing that is seen, of the robot, or of several."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

from edge_perception.core.decision.schema import Schema
from edge_perception.core.decision.situation import Situation
from edge_perception.core.decision.zones import Zone
from edge_perception.core.located_yaml import Fields
from edge_perception.messages.types import Detection

HOW = ("any", "all", "none")


@dataclass(frozen=True)
class ModelFacts:
    """What perception says of the model that is running; no labels if they aren't known."""

    model: str
    decoder: str
    labels: tuple[str, ...]


class Predicate:
    """
    Something that is asked of a thing or of the robot.

    :cvar inputs: that it takes beside the detections.
    """

    inputs: ClassVar[tuple[str, ...]] = ()

    def mismatch(self, facts: ModelFacts) -> Iterator[str]:
        """Yield why it can't hold for a model, as the end of a sentence that begins "the rule"."""
        return iter(())


class ThingPredicate(Predicate, ABC):
    """Something that is asked of a thing that is seen."""

    @abstractmethod
    def holds(self, thing: Detection, situation: Situation) -> bool | None:
        """Return whether it is so; None if that isn't known."""


class RobotPredicate(Predicate, ABC):
    """Something that is asked of the robot."""

    @abstractmethod
    def holds(self, situation: Situation) -> bool | None:
        """Return whether it is so; None if that isn't known."""

    @abstractmethod
    def describe(self, situation: Situation) -> str:
        """Return what is so, e.g. "the robot moves at 0.8 m/s"."""


@dataclass(frozen=True)
class Family:
    """
    Keys of a condition that are read together.

    :ivar keys: each with the schema of its value.
    :ivar read: makes a predicate of those of them that are given, one at least; also given the
        zones of the rule file by name.
    """

    keys: Mapping[str, Schema]
    read: Callable[[Fields, Mapping[str, Zone]], ThingPredicate | RobotPredicate]


class Condition(Protocol):
    """Something that holds or does not hold when an image is judged."""

    def evidence(self, situation: Situation) -> list[Detection] | None:
        """Return the detections that make it hold, or None if it does not hold."""

    def predicates(self) -> Iterator[Predicate]:
        """Yield all that is asked."""

    def describe(self, situation: Situation) -> list[str]:
        """Return what it says of the robot."""


@dataclass(frozen=True)
class Seen:
    """There is a thing of which all is true that is asked."""

    asked: tuple[ThingPredicate, ...]

    def evidence(self, situation: Situation) -> list[Detection] | None:
        """Return the detections that fulfil all."""
        found = [thing for thing in situation.seen.detections if self._fits(thing, situation)]
        return found or None

    def predicates(self) -> Iterator[Predicate]:
        """Yield what is asked of the thing."""
        return iter(self.asked)

    def describe(self, situation: Situation) -> list[str]:
        """Return nothing: it says nothing of the robot."""
        return []

    def _fits(self, thing: Detection, situation: Situation) -> bool:
        if not situation.is_there(thing):
            return False
        for predicate in self.asked:
            known = predicate.holds(thing, situation)
            if not (situation.cautious if known is None else known):
                return False
        return True


@dataclass(frozen=True)
class OfRobot:
    """All is true of the robot that is asked."""

    asked: tuple[RobotPredicate, ...]

    def evidence(self, situation: Situation) -> list[Detection] | None:
        """Return nothing that is seen, if it holds."""
        for predicate in self.asked:
            known = predicate.holds(situation)
            if not (situation.cautious if known is None else known):
                return None
        return []

    def predicates(self) -> Iterator[Predicate]:
        """Yield what is asked of the robot."""
        return iter(self.asked)

    def describe(self, situation: Situation) -> list[str]:
        """Return what is so."""
        return [predicate.describe(situation) for predicate in self.asked]


@dataclass(frozen=True)
class Combination:
    """Several conditions of which ``any``, ``all`` or ``none`` must hold."""

    how: str
    parts: tuple[Condition, ...]

    def evidence(self, situation: Situation) -> list[Detection] | None:
        """Return the evidence of the parts that hold."""
        if self.how == "none":  # what might hold there is what might keep this from holding
            situation = replace(situation, cautious=not situation.cautious)
        found = [part.evidence(situation) for part in self.parts]
        holding = [evidence for evidence in found if evidence is not None]
        needed = {"any": len(holding) > 0, "all": len(holding) == len(found), "none": not holding}
        if not needed[self.how]:
            return None
        unique = {id(thing): thing for evidence in holding for thing in evidence}
        return list(unique.values())

    def predicates(self) -> Iterator[Predicate]:
        """Yield what all parts ask."""
        for part in self.parts:
            yield from part.predicates()

    def describe(self, situation: Situation) -> list[str]:
        """Return what all parts say."""
        return [said for part in self.parts for said in part.describe(situation)]
