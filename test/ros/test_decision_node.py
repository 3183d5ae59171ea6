"""The decision node over real ROS 2: the services that it offers and those that it calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from std_srvs.srv import SetBool, Trigger

from edge_perception.msg import Decision, Detection, DetectionArray
from edge_perception.nodes import base, decision
from edge_perception.transport.ros import calls

pytestmark = pytest.mark.ros

OK, WARN, ERROR = 0, 1, 2
RULES = """
version: 1
timeout: {detections: 60.0}
actions:
  go: {}
  light: {call: {service: light/set, data: true}}
  sound: {call: {service: sound/play}}
default: go
safe: go
rules:
  - {name: dark, when: {label: night}, action: light}
  - {name: noise, when: {label: noise}, action: sound}
"""


class Decider:
    """A decision node, to which things are shown."""

    def __init__(self, robot: Any, path: Path) -> None:
        self.robot = robot
        path.write_text(RULES)
        node = base.make(decision.NODE, ["-p", f"rules:={path}"])
        robot.nodes.append(node)
        assert node.start()
        robot.own.add_node(node)
        self.decisions = robot.hear("decision", Decision)
        self.speak = robot.speak("detections", DetectionArray)

    def show(self, label: str) -> None:
        """Show a thing until it decides."""
        seen = DetectionArray(image_width=64, image_height=48)
        seen.header.stamp = self.robot.peer.get_clock().now().to_msg()
        seen.detections = [Detection(label=label, score=0.9)]
        self.speak.publish(seen)
        self.robot.wait(lambda: self.decisions and self.decisions[-1].header == seen.header)


@pytest.fixture
def decider(robot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Decider:
    monkeypatch.setattr(calls, "PATIENCE", 60.0)
    return Decider(robot, tmp_path / "rules.yaml")


def test_services_are_called_once_and_what_comes_of_it_is_said(decider: Decider) -> None:
    robot = decider.robot
    requests: list[Any] = []

    def answer(request: Any, response: Any) -> Any:
        requests.append(request)
        response.success = isinstance(request, Trigger.Request)
        response.message = "no bulb"
        return response

    light, sound = "decision: output call light/set", "decision: output call sound/play"
    robot.wait(lambda: robot.level(light) == WARN)
    assert "/light/set is offered by nobody as std_srvs/srv/SetBool" in robot.status[light].message
    robot.peer.create_service(SetBool, "light/set", answer)
    robot.peer.create_service(Trigger, "sound/play", answer)
    robot.others.wake()
    robot.wait(lambda: robot.level(light) == robot.level(sound) == OK)
    for label in ("night", "night", "noise"):
        decider.show(label)
    robot.wait(lambda: len(requests) == 2)
    assert requests[0] == SetBool.Request(data=True)
    assert isinstance(requests[1], Trigger.Request)
    robot.wait(lambda: robot.level(light) == ERROR)
    assert robot.status[light].message == "the service /light/set refused: no bulb"
    assert robot.level(sound) == OK


def test_decisions_are_disabled_and_enabled_by_a_service(decider: Decider) -> None:
    robot = decider.robot
    decider.show("cat")
    robot.wait(lambda: not decider.decisions[-1].safe)
    assert robot.call("enable_decisions", SetBool, SetBool.Request(data=False)).success
    robot.wait(lambda: "disabled by /enable_decisions" in decider.decisions[-1].reason)
    assert robot.call("enable_decisions", SetBool, SetBool.Request(data=True)).success
    decider.show("cat")
    robot.wait(lambda: not decider.decisions[-1].safe)
