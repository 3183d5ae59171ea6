"""What rules are applied to: whether it is there, fresh, and can be true."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edge_perception.core.decision.health import Health
from edge_perception.core.decision.rules import Rules
from edge_perception.core.decision.situation import Situation
from edge_perception.core.decision.travel import Travel
from edge_perception.core.decision.zones import Plane
from edge_perception.core.freshness import Freshness
from edge_perception.core.node import Diagnostic, Inputs, Level, Port, Qos
from edge_perception.core.plausible import detections_problem, odometry_problem
from edge_perception.core.stamps import SECOND
from edge_perception.messages.types import DetectionArray, Header, Odometry

DETECTIONS = Port("detections", "edge_perception/msg/DetectionArray", "detections", sole=True)
OTHERS = (
    Port("odometry", "nav_msgs/msg/Odometry", "odometry/filtered", Qos.SENSOR_DATA),
    Port(
        "diagnostics",
        "diagnostic_msgs/msg/DiagnosticArray",
        "/diagnostics",
        queue=100,
        optional=True,
        prompt=False,
    ),
)
"""Beside the detections, by the inputs that rules ask for."""


class RuleInputs:
    """
    The newest of all inputs.

    :ivar topic: that the detections come on.
    """

    def __init__(self, rules: Rules, topic: Callable[[str], str]) -> None:
        """
        Begin without any.

        :param topic: returns what to call an input.
        """
        self.topic = topic("detections")
        self._safe = rules.safe.name
        self._timeout = rules.timeout["detections"]
        self._now = 0
        self._detections = Freshness(self.topic, self._timeout, detections_problem)
        self._odometry: Freshness[Odometry] | None = None
        if "odometry" in rules.inputs:
            self._odometry = Freshness(
                topic("odometry"), rules.timeout["odometry"], odometry_problem
            )
        self._health = Health(rules.timeout.get("diagnostics", 0))
        self._travel = Travel()
        self._moved: Odometry | None = None
        self._missing = ""

    def take(self, inputs: Inputs, now: int) -> None:
        """Record the time, and what comes beside detections."""
        self._now = now
        self._detections.tick(now)
        self._health.tick(now)
        self._health.accept(inputs.get("diagnostics", ()))
        if self._odometry:
            self._odometry.tick(now)
            if "odometry" in inputs and self._odometry.accept(inputs["odometry"]):
                self._travel = self._travel.after(inputs["odometry"], self._moved)
                self._moved = inputs["odometry"]

    def judge(self, seen: DetectionArray) -> Situation | None:
        """Return the situation at new detections; None if they may not be judged."""
        self._missing = _missing_part(seen)
        if self._missing or not self._detections.accept(seen):
            return None
        return Situation(seen, self._travel, self._health, fresh_since=self._now - self._timeout)

    def problem(self) -> str:
        """Return why nothing can be decided now; empty if it can."""
        moving = self._odometry.problem() if self._odometry else ""
        return self._detections.problem() or moving

    def expiry(self) -> int:
        """Return when the first of the inputs becomes stale [ns]."""
        odometry = [self._odometry.expiry()] if self._odometry else []
        return min([self._detections.expiry(), *odometry])

    def frames(self, base: str) -> dict[Plane, str]:
        """Return the frame of each plane that has one: that of the base is given."""
        moved = {} if self._moved is None else {Plane.ODOMETRY: self._moved.header.frame_id}
        return {Plane.GROUND: base, **moved}

    def header(self) -> Header:
        """Return that of the newest detections."""
        newest = self._detections.message
        return newest.header if newest is not None else Header()

    def diagnose(self, values: Mapping[str, str]) -> Diagnostic:
        """Report a fault of what comes; that nothing comes is the fault of somebody else."""
        if self._missing:
            said = f"what comes on {self.topic} is not judged, {self._missing}"
            return Diagnostic(Level.WARN, "input", said, values)
        given = f"the safe action {self._safe!r} is given"
        for one in (self._detections, self._odometry):
            if one is not None and one.problem():
                if one.refused:
                    return Diagnostic(Level.ERROR, "input", f"{one.refused}; {given}", values)
                timeout = f"its timeout of {one.timeout / SECOND:g} s"
                message = f"nothing fresh comes on {one.topic} within {timeout}; {given}"
                return Diagnostic(Level.WARN, "input", message, values)
        return Diagnostic(Level.OK, "input", "detections are fresh", values)


def _missing_part(seen: DetectionArray) -> str:
    """
    Return why a part of what perception had to find out is missing; empty if none is.

    Then nothing can be told from what isn't there.
    """
    lacks = [stage for stage in seen.stages if stage.fault]
    return f"as the stage {lacks[0].name} is missing: {lacks[0].fault}" if lacks else ""
