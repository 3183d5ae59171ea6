"""Unlocking: a signal for one live thing that is surely the right one, and a record of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge_perception.core.decision.action import Action, Actuator, Given, Setting
from edge_perception.core.decision.audit import AuditError
from edge_perception.core.decision.conditions.identity import STAGE
from edge_perception.core.decision.guard import Circumstances, Guard
from edge_perception.core.decision.schema import mapping, Schema
from edge_perception.core.located_yaml import Item
from edge_perception.core.node import Outputs, Port
from edge_perception.core.stamps import nanoseconds, SECOND
from edge_perception.messages.types import Bool, Detection, DetectionArray

_PORTS = (Port("unlock", "std_msgs/msg/Bool", "unlock", sole=True),)
_STRANGER = "unknown"
_MOST_MATCHES = 1000
_LONGEST = 3600.0


@dataclass(frozen=True)
class Unlock(Setting):
    """
    A lock is opened as long as the action is given.

    :ivar matches: images in a row in which the same track must be evidence for the rule.
    :ivar interval: least time in nanoseconds from one opening to the next.
    :ivar strangers: whether somebody unknown may be nearer to the camera.
    :ivar stage: name of the stage that says who is known.
    """

    key: ClassVar[str] = "unlock"
    needs_rule: ClassVar[bool] = True
    usual_ports: ClassVar[tuple[Port, ...]] = _PORTS
    schema: ClassVar[Schema] = mapping(
        "Opens a lock: std_msgs/Bool true on the topic unlock, for one live track, recorded",
        {
            "matches": {
                "description": "Images in a row that show the same track; 5 if not given",
                "type": "integer",
                "minimum": 2,
                "maximum": _MOST_MATCHES,
            },
            "interval": {
                "description": "Least time from one opening to the next [s]; 10 if not given",
                "type": "number",
                "minimum": 0,
                "maximum": _LONGEST,
            },
            "strangers": {
                "description": "Whether somebody unknown may be nearer; false if not given",
                "type": "boolean",
            },
            "stage": {
                "description": f"Name of the stage that knows people; {STAGE} if not given",
                "type": "string",
            },
        },
    )

    matches: int = 5
    interval: int = 10 * SECOND
    strangers: bool = False
    stage: str = STAGE

    @classmethod
    def read(cls, item: Item) -> Unlock:
        """Read what is given of it."""
        fields = item.mapping(known=("matches", "interval", "strangers", "stage"))
        given = cls()
        return cls(
            fields["matches"].integer(2, _MOST_MATCHES) if "matches" in fields else given.matches,
            round(fields["interval"].number(0.0, _LONGEST) * SECOND)
            if "interval" in fields
            else given.interval,
            fields["strangers"].flag() if "strangers" in fields else given.strangers,
            fields["stage"].text() if "stage" in fields else given.stage,
        )

    @classmethod
    def actuator(cls, actions: Sequence[Action]) -> Actuator:
        """Return what publishes the signal."""
        return _Signal()

    def guard(self, circumstances: Circumstances) -> Guard:
        """Return what refuses it to all but one live track."""
        return _Doorkeeper(self, circumstances)


class _Signal(Actuator):
    ports = _PORTS

    def act(self, given: Given) -> Outputs:
        """Publish whether the action has it."""
        return [("unlock", Bool(data=given.action.get(Unlock) is not None))]


class _Doorkeeper(Guard):
    def __init__(self, wanted: Unlock, circumstances: Circumstances) -> None:
        self._wanted, self._circumstances = wanted, circumstances
        self._opened: int | None = None  # when it was opened last
        self._open = False
        self._said = ""
        self._matches: dict[int, int] = {}
        self._evidence: Sequence[Detection] = ()
        self._seen = DetectionArray()

    def see(self, evidence: Sequence[Detection], seen: DetectionArray) -> None:
        """Count in how many images in a row each track is evidence."""
        self._matches = {
            one.track_id: self._matches.get(one.track_id, 0) + 1
            for one in evidence
            if one.track_id > 0
        }
        self._evidence, self._seen = evidence, seen

    def refusal(self, now: int) -> str:
        """Return why it stays locked; record what is opened and what is newly refused."""
        reason = self._circumstances.not_live() or self._stranger()
        if not self._open:
            reason = reason or self._doubt() or self._haste(now)
            reason = reason or self._recorded(now, "unlocked", "")
        if reason and reason != self._said:
            reason = self._recorded(now, "refused", reason) or reason
        self._said = reason
        if not reason and not self._open:
            self._open, self._opened = True, now
        elif reason:
            self._open = False
        return reason

    def end(self) -> None:
        """Lock it."""
        self._open = False

    def forget(self) -> None:
        """Lock it, and count from the beginning."""
        self._open = False
        self._matches = {}
        self._evidence = ()
        self._seen = DetectionArray()

    def _doubt(self) -> str:
        if not self._matches:
            return "nobody is followed that it is for (perception needs the stage track)"
        count, wanted = max(self._matches.values()), self._wanted.matches
        return (
            "" if count >= wanted else f"{count} of {wanted} images in a row show the same track"
        )

    def _haste(self, now: int) -> str:
        if self._opened is None or not 0 <= now - self._opened < self._wanted.interval:
            return ""
        ago, least = (now - self._opened) / SECOND, self._wanted.interval / SECOND
        return f"it was opened {ago:.1f} s ago, and {least:g} s must pass"

    def _stranger(self) -> str:
        """Return who is nearer than the one that it is for, and isn't known."""
        if self._wanted.strangers or not self._evidence:
            return ""
        nearest = max(map(_size, self._evidence))
        labels = {one.label for one in self._evidence}
        ids = {id(one) for one in self._evidence}
        for one in self._seen.detections:
            names = [said.label for said in one.attributes if said.stage == self._wanted.stage]
            known = bool(names) and _STRANGER not in names
            if id(one) not in ids and one.label in labels and not known and _size(one) >= nearest:
                return f"somebody unknown ({one.label}) is nearer than the one that it is for"
        return ""

    def _recorded(self, now: int, event: str, reason: str) -> str:
        """Record what happens; return why that can't be done, empty if it is."""
        best = max(
            self._evidence, key=lambda one: self._matches.get(one.track_id, 0), default=None
        )
        entry: dict[str, object] = {
            "time": now,
            "event": event,
            "rule": self._circumstances.rule,
            "image": nanoseconds(self._seen.header.stamp),
        }
        if reason:
            entry["reason"] = reason
        if best is not None:
            said = [(one.stage, one.label, round(float(one.score), 4)) for one in best.attributes]
            entry |= {"track": best.track_id, "label": best.label, "said": said}
        try:
            self._circumstances.record(entry)
        except AuditError as error:
            return f"it can't be recorded: {error}"
        return ""


def _size(thing: Detection) -> float:
    """Return the area of a thing's box [pixel^2]; without one it could be the nearest."""
    return float(thing.width) * float(thing.height) if thing.has_box else float("inf")


SETTING = Unlock
