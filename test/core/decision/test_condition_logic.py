"""What isn't known, in any combination of conditions, against Kleene's logic of three values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rule_files import image, thing

from edge_perception.core.decision.condition import (
    Combination,
    Condition,
    HOW,
    OfRobot,
    RobotPredicate,
    Seen,
    ThingPredicate,
)
from edge_perception.core.decision.situation import Situation
from edge_perception.messages.types import Detection

THINGS = 3
ANSWERS = st.sampled_from([True, False, None])


@dataclass(frozen=True)
class AskThing(ThingPredicate):
    """Something that is known, or not, of each of the things."""

    answers: tuple[bool | None, ...]

    def holds(self, thing: Detection, situation: Situation) -> bool | None:
        return self.answers[int(thing.label)]


@dataclass(frozen=True)
class AskRobot(RobotPredicate):
    """Something that is known, or not, of the robot."""

    answer: bool | None

    def holds(self, situation: Situation) -> bool | None:
        return self.answer

    def describe(self, situation: Situation) -> str:
        return "it is"


of_thing = st.tuples(*[ANSWERS] * THINGS).map(AskThing)
seen = st.lists(of_thing, min_size=1, max_size=3).map(lambda asked: Seen(tuple(asked)))
of_robot = st.lists(ANSWERS.map(AskRobot), min_size=1, max_size=3).map(
    lambda asked: OfRobot(tuple(asked))
)
conditions = st.recursive(
    seen | of_robot,
    lambda parts: st.builds(
        Combination, st.sampled_from(HOW), st.lists(parts, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=8,
)


def all_of(answers: Any) -> bool | None:
    found = list(answers)
    return False if False in found else None if None in found else True


def opposite(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def any_of(answers: Any) -> bool | None:
    return opposite(all_of(map(opposite, answers)))


def truth(condition: Condition) -> bool | None:
    """Return what Kleene's logic makes of it."""
    if isinstance(condition, Seen):
        return any_of(
            all_of(one.answers[index] for one in condition.asked)  # type: ignore[attr-defined]
            for index in range(THINGS)
        )
    if isinstance(condition, OfRobot):
        return all_of(one.answer for one in condition.asked)  # type: ignore[attr-defined]
    assert isinstance(condition, Combination)
    parts = [truth(part) for part in condition.parts]
    if condition.how == "all":
        return all_of(parts)
    return any_of(parts) if condition.how == "any" else opposite(any_of(parts))


@given(conditions)
def test_what_is_not_known_holds_for_the_cautious_alone(condition: Condition) -> None:
    shown = image(*[thing(str(index)) for index in range(THINGS)])
    known = truth(condition)
    strict = condition.evidence(Situation(shown))
    cautious = condition.evidence(Situation(shown, cautious=True))
    assert (strict is not None) == (known is True)
    assert (cautious is not None) == (known is not False)
