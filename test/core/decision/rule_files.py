"""Rule files and what they are judged by, for the tests of conditions and actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from edge_perception.core import located_yaml
from edge_perception.core.decision import rules
from edge_perception.core.decision.node import DecisionCore
from edge_perception.core.decision.rules import Rules
from edge_perception.core.decision.situation import Situation
from edge_perception.core.environment import Environment
from edge_perception.core.parameters import Parameters
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.environment import this_machine
from edge_perception.messages.types import Detection, DetectionArray, Header

NOW = 1_000 * SECOND
MS = SECOND // 1000

BASE = """\
version: 1
timeout: {detections: 0.5, odometry: 0.5, diagnostics: 2}
zones:
  left: {image: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}
  path: {ground: [[0, -0.5], [3, -0.5], [3, 0.5], [0, 0.5]]}
  dock: {odometry: [[10, 10], [12, 10], [12, 12], [10, 12]]}
actions:
  go: {}
  stop: {}
  horn: {trigger: true}
default: go
safe: stop
rules:
"""


FEW = """
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
"""A whole file; before the default, three images are asked for."""
TIMEOUT = 500 * MS
"""Of its detections."""


def read(text: str) -> Rules:
    """Read a whole file."""
    return rules.read(located_yaml.parse(text, "rules.yaml"))


def condition(when: str) -> Any:
    """Read a condition."""
    return read(f"{BASE}  - {{name: it, when: {when}, action: stop}}\n").rules[0].when


def image(*things: Detection, now: int = NOW) -> DetectionArray:
    """Return an image of 100 x 50 pixels."""
    header = Header(stamp=to_time(now), frame_id="camera")
    return DetectionArray(header=header, detections=list(things), image_width=100, image_height=50)


def labels(when: str, *things: Detection, cautious: bool = False) -> Sequence[str] | None:
    """Return the labels of the evidence for a condition; None if it does not hold."""
    evidence = condition(when).evidence(Situation(image(*things), cautious=cautious))
    return None if evidence is None else [thing.label for thing in evidence]


def thing(label: str = "person", box: tuple[float, ...] | None = None, **fields: Any) -> Detection:
    """Return something that is seen; its box is left, top, width, height."""
    x, y, width, height = box or (0, 0, 0, 0)
    placed = {"has_box": box is not None, "x": x, "y": y, "width": width, "height": height}
    return Detection(**{"label": label, "score": 0.9, "track_id": -1, **placed, **fields})


class Robot:
    """A decision core with the rules of a text, and what its last step published."""

    def __init__(
        self, text: str, environment: Environment | None = None, **parameters: Any
    ) -> None:
        """Configure the core."""
        here = environment or replace(this_machine(), monotonic=lambda: 0)
        self.core = DecisionCore(
            Environment(**{**vars(here), "read_file": lambda path, most: text.encode()})
        )
        given = Parameters(DecisionCore.parameters, {"rules": "rules.yaml", **parameters})
        self.ports = self.core.ports(given)
        self.core.topics = {port.name: port.topic for port in self.ports.inputs}
        assert self.core.configure(given) == []
        self.outputs: dict[str, Any] = {}

    def step(
        self, now: int, *seen: Detection | str, stamp: int | None = None, **inputs: Any
    ) -> Any:
        """
        Show an image and other inputs, and return the decision.

        :param seen: things, or labels of such.
        :param stamp: of the image, if not now.
        """
        things = [thing(each) if isinstance(each, str) else each for each in seen]
        shown = image(*things, now=now if stamp is None else stamp)
        return self.run(now, detections=shown, **inputs)

    def warm(self, now: int) -> int:
        """Show as many empty images as `FEW` asks for; return the time of the next one."""
        for _ in range(3):
            self.step(now)
            now += 100 * MS
        return now

    def run(self, now: int, **inputs: Any) -> Any:
        """Let the core step, and return the decision."""
        self.outputs = dict(self.core.step(inputs, now))
        return self.outputs["decision"]
