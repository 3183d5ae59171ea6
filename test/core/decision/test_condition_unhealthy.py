"""Whether parts of the robot are well."""

from __future__ import annotations

import pytest
from rule_files import BASE, MS, NOW, Robot

from edge_perception.core.node import Level
from edge_perception.core.stamps import SECOND
from edge_perception.messages.types import DiagnosticArray, DiagnosticStatus

RULES = BASE + '  - {name: blind, when: {unhealthy: "imu: *"}, action: stop}\n'


def report(name: str, level: Level, message: str = "") -> list[DiagnosticArray]:
    return [DiagnosticArray(status=[DiagnosticStatus(level=level, name=name, message=message)])]


@pytest.fixture
def robot() -> Robot:
    return Robot(RULES)


def test_an_error_of_a_part_that_is_asked_for(robot: Robot) -> None:
    well = report("imu: input", Level.OK)
    assert robot.step(NOW, diagnostics=well).action == "go"
    other = report("camera: input", Level.ERROR)
    assert robot.step(NOW + 100 * MS, diagnostics=other).action == "go"
    ill = report("imu: input", Level.ERROR, "no device")
    decision = robot.step(NOW + 200 * MS, diagnostics=ill)
    assert (decision.action, decision.reason) == ("stop", "imu: input: no device")
    assert robot.step(NOW + 300 * MS, diagnostics=report("imu: input", Level.WARN)).action == "go"


def test_silence_is_not_health(robot: Robot) -> None:
    decision = robot.step(NOW)
    assert decision.action == "stop"
    assert decision.reason == "nothing that is called 'imu: *' reports on /diagnostics"
    assert robot.step(NOW + MS, diagnostics=report("imu: input", Level.OK)).action == "go"
    assert robot.step(NOW + 2 * SECOND).action == "go"
    assert robot.step(NOW + 3 * SECOND).action == "stop"


def test_it_needs_a_time() -> None:
    with pytest.raises(Exception, match="'diagnostics' is missing, since the rule 'blind' asks"):
        Robot(RULES.replace(", diagnostics: 2", ""))
