"""What happened in a replay: as much of it as numbers and pictures are made of."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edge_perception import messages
from edge_perception.core.stamps import nanoseconds, SECOND
from edge_perception.messages.types import (
    Bool,
    Decision,
    DetectionArray,
    Odometry,
    PerceptionStatus,
    PoseStamped,
    PoseWithCovarianceStamped,
)
from edge_perception.replay.series import Pictures, Pose, Seen, Track
from edge_perception.transport.local.bus import End


@dataclass(frozen=True)
class Decided:
    """
    A decision that differs from the one before it.

    :ivar time: seconds since the bag began.
    """

    time: float
    action: str
    rule: str
    reason: str
    safe: bool


@dataclass(frozen=True)
class Roles:
    """
    The topics that are observed, empty if there is none.

    :ivar truth: where the robot is in truth.
    :ivar boxes: what is in the pictures in truth.
    """

    image: str = ""
    decision: str = ""
    detections: str = ""
    status: str = ""
    pose: str = ""
    unlock: str = ""
    truth: str = ""
    boxes: str = ""


@dataclass
class Observation:
    """
    What happened.

    :ivar begin: of the bag [ns].
    :ivar end: seconds since then.
    :ivar decided: the decisions that differ from those before.
    :ivar latencies: from a picture's stamp to the decision on it [ms].
    :ivar seen: what was seen in each picture.
    :ivar received: pictures that reached perception, and how many of them were superseded.
    :ivar unlocked: when the door was opened.
    """

    begin: int = 0
    end: float = 0.0
    decided: list[Decided] = field(default_factory=list)
    latencies: array[float] = field(default_factory=lambda: array("d"))
    seen: Pictures = field(default_factory=Pictures)
    received: int = 0
    dropped: int = 0
    unlocked: list[float] = field(default_factory=list)
    path: Track = field(default_factory=Track)
    truth: Track = field(default_factory=Track)
    boxes: Pictures = field(default_factory=Pictures)


class Observer:
    """Makes an observation of what is published."""

    def __init__(self, roles: Roles) -> None:
        """
        Begin.

        :param roles: what to look at.
        """
        self.observed = Observation()
        self._judged = 0
        self._unlocking = False
        self._takers: Mapping[tuple[str, str], Callable[[float, Any], None]] = {
            (roles.decision, "Decision"): self._decide,
            (roles.detections, "DetectionArray"): self._see,
            (roles.status, "PerceptionStatus"): self._count,
            (roles.unlock, "Bool"): self._unlock,
            **{(roles.pose, kind): self._go for kind in _POSES},
            **{(roles.truth, kind): self._truth for kind in _POSES},
            (roles.boxes, "DetectionArray"): self._mark,
        }

    def listen(self, moment: int, end: End, data: bytes) -> None:
        """Take a message, if it is one of those that are looked at."""
        observed = self.observed
        observed.begin = observed.begin or moment
        observed.end = self._seconds(moment)
        take = self._takers.get((end.topic, end.type.rpartition("/")[2]))
        if take is not None:
            try:
                message = messages.deserialize(data, messages.get(end.type))
            except messages.MessageError:
                return  # the node that reads it has said so
            take(observed.end, message)

    def _seconds(self, moment: int) -> float:
        return (moment - self.observed.begin) / SECOND

    def _decide(self, time: float, message: Decision) -> None:
        observed = self.observed
        last = observed.decided[-1] if observed.decided else None
        new = Decided(time, message.action, message.rule, message.reason, message.safe)
        if last is None or (last.action, last.rule, last.safe) != (new.action, new.rule, new.safe):
            observed.decided.append(new)
        stamp = nanoseconds(message.header.stamp)
        if not message.safe and stamp != self._judged:
            self._judged = stamp
            observed.latencies.append((time - self._seconds(stamp)) * 1e3)

    def _see(self, time: float, message: DetectionArray) -> None:
        self.observed.seen.append(self._seen(message))

    def _mark(self, time: float, message: DetectionArray) -> None:
        self.observed.boxes.append(self._seen(message))

    def _seen(self, message: DetectionArray) -> Seen:
        return Seen(
            self._seconds(nanoseconds(message.header.stamp)),
            tuple(
                (one.label, (one.x, one.y, one.width, one.height) if one.has_box else None)
                for one in message.detections
            ),
        )

    def _count(self, time: float, message: PerceptionStatus) -> None:
        self.observed.received, self.observed.dropped = message.received, message.dropped

    def _unlock(self, time: float, message: Bool) -> None:
        if message.data and not self._unlocking:
            self.observed.unlocked.append(time)
        self._unlocking = message.data

    def _go(self, time: float, message: Odometry) -> None:
        self.observed.path.append(self._pose(message))

    def _truth(self, time: float, message: Any) -> None:
        self.observed.truth.append(self._pose(message))

    def _pose(self, message: Odometry | PoseStamped | PoseWithCovarianceStamped) -> Pose:
        pose: Any = message.pose
        pose = getattr(pose, "pose", pose)
        stamp = self._seconds(nanoseconds(message.header.stamp))
        place, turned = pose.position, pose.orientation
        return (stamp, place.x, place.y, place.z, turned.x, turned.y, turned.z, turned.w)


_POSES = ("Odometry", "PoseStamped", "PoseWithCovarianceStamped")
