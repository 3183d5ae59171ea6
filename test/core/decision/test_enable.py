"""Decisions that are disabled, and those that are only watched."""

from __future__ import annotations

from rule_files import BASE, MS, NOW, Robot, thing

from edge_perception.core.node import Level
from edge_perception.messages.types import Bool

RULES = BASE + "  - {name: greet, when: {label: person}, action: horn, after: 2 of 2}\n"


def test_the_safe_action_is_given_while_decisions_are_disabled() -> None:
    robot = Robot(RULES)
    for step in range(2):
        decision = robot.step(NOW + step * MS, thing())
    assert decision.action == "horn"
    decision = robot.step(NOW + 2 * MS, thing(), enable=Bool(data=False))
    assert (decision.action, decision.safe) == ("stop", True)
    assert decision.reason == "decisions are disabled by enable_decisions"
    assert robot.step(NOW + 3 * MS, thing()).safe
    assert robot.core.diagnostics(NOW)[1].level is Level.WARN
    assert robot.step(NOW + 4 * MS, thing(), enable=Bool(data=True)).safe  # 1 of 2 images seen
    assert robot.step(NOW + 5 * MS, thing()).action == "horn"


def test_a_dry_run_publishes_decisions_and_nothing_else() -> None:
    robot = Robot(RULES, dry_run=True)
    assert [port.name for port in robot.ports.outputs] == ["decision"]
    for step in range(2):
        decision = robot.step(NOW + step * MS, thing())
        assert list(robot.outputs) == ["decision"]
    assert (decision.action, decision.dry_run) == ("horn", True)
    assert "dry run" in robot.core.diagnostics(NOW)[1].message
