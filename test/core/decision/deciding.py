"""A robot that decides by a few rules, step by step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from rule_files import MS

from edge_perception import messages
from edge_perception.core.decision.node import DecisionCore
from edge_perception.core.parameters import Parameters
from edge_perception.core.stamps import to_time
from edge_perception.environment import this_machine

TIMEOUT = 500 * MS

RULES = """
version: 1
timeout: {detections: 0.5}
actions:
  go: {limit: {linear: 1, angular: 2}}
  stop: {limit: {linear: 0, angular: 0}}
  unlock: {limit: {linear: 1, angular: 2}, trigger: true}
default: go
safe: stop
rules:
  - {name: person ahead, when: {label: person}, action: stop, release: 2 of 2, hold: 0.3}
  - {name: owner, when: {label: owner, score: 0.8}, action: unlock, after: 3 of 3}
"""

Array = messages.get("edge_perception/msg/DetectionArray")
Attribute = messages.get("edge_perception/msg/Attribute")
Detection = messages.get("edge_perception/msg/Detection")
Place = messages.get("edge_perception/msg/Place")
StageTime = messages.get("edge_perception/msg/StageTime")
Header = messages.get("std_msgs/msg/Header")
Text = messages.get("std_msgs/msg/String")


class Robot:
    """A configured core and what its last step published."""

    def __init__(self, rules: Path) -> None:
        self.core = DecisionCore(replace(this_machine(), monotonic=lambda: 0))
        parameters = Parameters(DecisionCore.parameters, {"rules": str(rules)})
        self.ports = self.core.ports(parameters)
        self.core.topics = {port.name: port.topic for port in self.ports.inputs}
        assert self.core.configure(parameters) == []

    def step(self, now: int, *labels: str, stamp: int | None = None) -> Any:
        """Show an image with things of some labels, and return the decision."""
        header = Header(stamp=to_time(now if stamp is None else stamp), frame_id="camera")
        things = [Detection(label=label, score=0.9) for label in labels]
        seen = Array(header=header, detections=things, image_width=640, image_height=480)
        return self.run({"detections": seen}, now)

    def wait(self, now: int) -> Any:
        """Let time pass without an image."""
        return self.run({}, now)

    def run(self, inputs: Any, now: int) -> Any:
        """Give the core messages, and return the decision."""
        self.outputs = dict(self.core.step(inputs, now))
        return self.outputs["decision"]

    def warm(self, now: int) -> int:
        """Show as many empty images as the rules ask for; return the time of the next one."""
        for _ in range(3):
            self.step(now)
            now += 100 * MS
        return now
