"""Which rule is in force, by what was seen in the last images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
import math

from edge_perception.core.decision.action import Action
from edge_perception.core.decision.guard import Circumstances, Guard
from edge_perception.core.decision.hysteresis import Switch
from edge_perception.core.decision.rules import Rule, Rules
from edge_perception.core.decision.situation import Situation
from edge_perception.core.labels import caption
from edge_perception.messages.types import Detection, Place


@dataclass(frozen=True)
class Verdict:
    """
    What is to be done, and why.

    :ivar rule: the name of the rule; "default" or "safe" if none holds.
    """

    rule: str
    action: Action
    reason: str
    evidence: Sequence[Detection] = ()


class _State:
    """A rule and how it stands."""

    def __init__(self, rule: Rule, guards: Sequence[Guard]) -> None:
        self.rule = rule
        self._guards = guards
        self.switch = Switch(rule.after, rule.release, rule.hold, rule.cooldown)
        self.evidence: list[Detection] = []
        self.described: list[str] = []

    def see(self, situation: Situation) -> None:
        """Judge an image."""
        evidence = self.rule.when.evidence(situation)
        self.switch.see(evidence is not None)
        self.described = self.rule.when.describe(situation)
        if evidence is not None:
            self.evidence = evidence
        for guard in self._guards:
            guard.see(evidence or (), situation.seen)

    def forget(self, now: int) -> None:
        """Begin anew."""
        self.switch.forget(now)
        self.evidence = []
        for guard in self._guards:
            guard.forget()

    def refusal(self, now: int) -> str:
        """Return why the action must not be given, though the rule is in force."""
        return next((why for guard in self._guards if (why := guard.refusal(now))), "")

    def end(self) -> None:
        """Tell the guards that the action is not given."""
        for guard in self._guards:
            guard.end()

    def verdict(self) -> Verdict:
        """Return the rule's action and what it rests on."""
        return Verdict(self.rule.name, self.rule.action, self._reason(), self.evidence)

    def _reason(self) -> str:
        if not self.evidence and self.described:
            return ", ".join(dict.fromkeys(self.described))
        if not self.evidence:
            return "nothing that the rule excludes is seen"
        best = max(self.evidence, key=lambda thing: thing.score)
        after = self.rule.after
        often = f" in {after} images" if after.of > 1 else ""
        away = "".join(_distance(one) for one in best.place)
        soon = f", reached in {best.time_to_contact:.1f} s" if best.time_to_contact else ""
        return f"{caption(best)} was seen with score {best.score:.2f}{often}{away}{soon}"


def _distance(place: Place) -> str:
    least = " at least" if math.isinf(place.deviation) else ""
    return f",{least} {place.distance:.1f} m away"


class Judge:
    """Judges images by rules."""

    def __init__(self, rules: Rules, circumstances: Callable[[Rule], Circumstances]) -> None:
        """
        Begin without an image.

        :param circumstances: of the guards of a rule.
        """
        self._rules = rules
        ranked = sorted(rules.rules, key=rules.rank)
        self._states = [_State(rule, _guards(rule, circumstances(rule))) for rule in ranked]
        self._warm_up = rules.warm_up
        self._seen = 0

    def forget(self, now: int) -> None:
        """Begin anew: what was seen before a gap says nothing about now [ns]."""
        self._seen = 0
        for state in self._states:
            state.forget(now)

    def see(self, situation: Situation) -> None:
        """Judge a new image."""
        self._seen = min(self._seen + 1, self._warm_up)
        sure, cautious = (replace(situation, cautious=value) for value in (False, True))
        for state in self._states:
            state.see(sure if state.rule.grants else cautious)

    def settle(self, now: int) -> None:
        """Let rules come into force and go out of it [ns]."""
        for state in self._states:
            state.switch.settle(now)

    def lack(self) -> str:
        """Return what is missing to judge all rules; empty if nothing is."""
        if self._seen >= self._warm_up:
            return ""
        return f"{self._seen} of {self._warm_up} images seen that the rules ask for"

    def verdict(self, now: int) -> Verdict:
        """Give what the rule in force that takes precedence says, or else the default."""
        given, refused = None, []
        for state in self._states:
            if given or not state.switch.on:
                state.end()
            elif why := state.refusal(now):
                refused.append(f"{state.rule.name!r} is refused: {why}")
            else:
                given = state.verdict()
        reason = "; ".join(refused) or "no rule is in force"
        return given or Verdict("default", self._rules.default, reason)


def _guards(rule: Rule, circumstances: Circumstances) -> Sequence[Guard]:
    found = (setting.guard(circumstances) for setting in rule.action.settings)
    return [guard for guard in found if guard is not None]
