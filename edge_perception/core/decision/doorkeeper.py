"""Who may open a lock: one live track, surely the right one, with nobody unknown before it."""

from __future__ import annotations

from collections.abc import Sequence

from edge_perception.core.decision.audit import AuditError
from edge_perception.core.decision.guard import Circumstances, Guard
from edge_perception.core.perception.owners import UNKNOWN
from edge_perception.core.stamps import nanoseconds, SECOND
from edge_perception.messages.types import Detection, DetectionArray


class Doorkeeper(Guard):
    """Lets a lock be opened for one live track that is surely the right one, and records it."""

    def __init__(
        self,
        circumstances: Circumstances,
        *,
        matches: int,
        interval: int,
        strangers: bool,
        stage: str,
    ) -> None:
        """
        Begin with the lock closed.

        :param matches: images in a row in which the same track must be evidence for the rule.
        :param interval: least time from one opening to the next [ns].
        :param strangers: whether somebody unknown may be nearer to the camera.
        :param stage: name of the stage of perception that says who is known.
        """
        self._circumstances = circumstances
        self._wanted, self._interval = matches, interval
        self._strangers, self._stage = strangers, stage
        self._opened: int | None = None  # when it was opened last
        self._open = False
        self._refused = ""  # for what it was last
        self._labels: set[str] = set()
        self._matches: dict[int, int] = {}
        self._evidence: Sequence[Detection] = ()
        self._seen = DetectionArray()

    def see(self, evidence: Sequence[Detection], seen: DetectionArray) -> None:
        """Count in how many images in a row each track is evidence; of people, of those known."""
        subjects = [one for one in evidence if self._knows(one)] or evidence
        if subjects:
            self._labels = {one.label for one in subjects}
        self._matches = {
            one.track_id: self._matches.get(one.track_id, 0) + 1
            for one in subjects
            if one.track_id > 0
        }
        self._evidence, self._seen = subjects, seen

    def refusal(self, now: int) -> str:
        """Return why it stays locked; record what is opened, and what is refused anew."""
        reason, refused = self._doubt(), ""
        for what, why in (
            ("not live", self._circumstances.not_live()),
            ("stranger", self._stranger()),
            ("haste", self._haste(now)),
        ):
            if why:
                reason, refused = why, what
                break
        if not reason and not self._open:
            reason = self._recorded(now, "unlocked", "")
            self._opened = self._opened if reason else now
        elif refused and refused != self._refused:
            reason = self._recorded(now, "refused", reason) or reason
        self._open, self._refused = not reason, refused
        return reason

    def end(self) -> None:
        """Lock it."""
        self._open, self._refused = False, ""

    def forget(self) -> None:
        """Lock it, and count from the beginning."""
        self._open = False
        self._matches = {}
        self._evidence = ()
        self._seen = DetectionArray()

    def _doubt(self) -> str:
        if self._open:
            return ""
        if not self._matches:
            return "nobody is followed that it is for (perception needs the stage track)"
        count, wanted = max(self._matches.values()), self._wanted
        return (
            "" if count >= wanted else f"{count} of {wanted} images in a row show the same track"
        )

    def _haste(self, now: int) -> str:
        if self._open or self._opened is None or not 0 <= now - self._opened < self._interval:
            return ""
        ago, least = (now - self._opened) / SECOND, self._interval / SECOND
        return f"it was opened {ago:.1f} s ago, and {least:g} s must pass"

    def _stranger(self) -> str:
        """Return who is nearer than the one that it is for, or there without him, and unknown."""
        if self._strangers:
            return ""
        nearest = max(map(_size, self._evidence), default=0.0)
        ids = {id(one) for one in self._evidence}
        for one in self._seen.detections:
            if id(one) in ids or one.label not in self._labels or self._knows(one):
                continue
            if _size(one) >= nearest:
                return f"somebody unknown ({one.label}) is nearer than the one that it is for"
        return ""

    def _knows(self, thing: Detection) -> bool:
        """Return whether the stage that knows people says who it is."""
        names = [said.label for said in thing.attributes if said.stage == self._stage]
        return bool(names) and UNKNOWN not in names

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
