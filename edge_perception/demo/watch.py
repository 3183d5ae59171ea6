"""A node that watches the robot's topics and puts together what belongs to one picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import hashlib

import numpy as np
import numpy.typing as npt

from edge_perception.core.node import Inputs, Level, NodeCore, Outputs, Port, Qos
from edge_perception.core.stamps import nanoseconds, Stamped
from edge_perception.messages.types import (
    Decision,
    DetectionArray,
    DiagnosticArray,
    Image,
    Odometry,
)

_REMEMBERED = 64


@dataclass
class Sighting:
    """
    What is known of one picture.

    :ivar age: from the camera's stamp to the decision's arrival here [ms].
    :ivar odometry: where the robot was when the decision arrived; None if that is not known.
    :ivar arrived: which of image, detections and decision have come.
    """

    name: str = ""
    image: Image = field(default_factory=Image)
    detections: DetectionArray = field(default_factory=DetectionArray)
    decision: Decision = field(default_factory=Decision)
    age: float = 0.0
    odometry: Odometry | None = None
    arrived: set[str] = field(default_factory=set)

    @property
    def complete(self) -> bool:
        """Return whether picture, detections and decision have all arrived."""
        return self.arrived == {"image", "detections", "decision"}


@dataclass
class Findings:
    """
    All that was watched.

    :ivar shown: the newest complete sighting of each picture.
    :ivar ages: of all decisions [ms].
    :ivar problems: the errors that nodes report now, by diagnostic.
    """

    shown: dict[str, Sighting] = field(default_factory=dict)
    ages: list[float] = field(default_factory=list)
    runs: list[float] = field(default_factory=list)
    dropped: int = 0
    problems: dict[str, str] = field(default_factory=dict)


def fingerprint(pixels: npt.ArrayLike) -> bytes:
    """Return what tells pictures apart, whatever path they took."""
    return hashlib.blake2b(np.ascontiguousarray(pixels).tobytes()).digest()


class WatchCore(NodeCore):
    """Matches images, detections and decisions by the stamp that they share."""

    inputs = (
        Port("image", "sensor_msgs/msg/Image", "camera/image_raw", Qos.MATCHED),
        Port("detections", "edge_perception/msg/DetectionArray", "detections"),
        Port("decision", "edge_perception/msg/Decision", "decision"),
        Port("pose", "nav_msgs/msg/Odometry", "odometry/filtered"),
        Port("status", "edge_perception/msg/PerceptionStatus", "perception_status"),
        Port("diagnostics", "diagnostic_msgs/msg/DiagnosticArray", "/diagnostics"),
    )

    def __init__(
        self, names: Mapping[bytes, str], findings: Findings, seen: Callable[[Sighting], None]
    ) -> None:
        """
        Watch.

        :param names: of the pictures, by fingerprint.
        :param findings: is filled.
        :param seen: is told of each complete sighting.
        """
        self._names = names
        self._findings = findings
        self._seen = seen
        self._open: dict[int, Sighting] = {}
        self._odometry: Odometry | None = None

    def step(self, inputs: Inputs, now: int) -> Outputs:
        """Add what arrived to the sighting that it belongs to."""
        self._odometry = inputs.get("pose", self._odometry)
        if image := inputs.get("image"):
            sighting = self._sighting(image)
            sighting.image = image
            sighting.arrived.add("image")
            sighting.name = self._names.get(fingerprint(image.data), "unknown picture")
        if detections := inputs.get("detections"):
            sighting = self._sighting(detections)
            sighting.detections = detections
            sighting.arrived.add("detections")
        if decision := inputs.get("decision"):
            sighting = self._sighting(decision)
            sighting.decision = decision
            sighting.arrived.add("decision")
            sighting.age = (now - nanoseconds(decision.header.stamp)) / 1e6
        if status := inputs.get("status"):
            self._findings.dropped = status.dropped
        if diagnostics := inputs.get("diagnostics"):
            self._note_problems(diagnostics)
        for stamp in [stamp for stamp, known in self._open.items() if known.complete]:
            self._finish(self._open.pop(stamp))
        return ()

    def _sighting(self, message: Stamped) -> Sighting:
        stamp = nanoseconds(message.header.stamp)
        if stamp not in self._open and len(self._open) >= _REMEMBERED:
            self._open.pop(min(self._open))
        return self._open.setdefault(stamp, Sighting())

    def _finish(self, sighting: Sighting) -> None:
        sighting.odometry = self._odometry
        self._findings.shown[sighting.name] = sighting
        self._findings.ages.append(sighting.age)
        self._findings.runs += [
            stage.milliseconds for stage in sighting.detections.stages if stage.name == "run"
        ]
        self._seen(sighting)

    def _note_problems(self, diagnostics: DiagnosticArray) -> None:
        for status in diagnostics.status:
            if status.level == Level.ERROR:
                self._findings.problems[status.name] = status.message
            else:
                self._findings.problems.pop(status.name, None)
