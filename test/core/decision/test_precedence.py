"""Which of the rules in force decides, when they may be again, and what is not known."""

from __future__ import annotations

from itertools import permutations

import pytest
from rule_files import BASE, MS, NOW, Robot, thing

RULES = """\
version: 1
timeout: {detections: 0.5}
actions:
  go: {limit: {linear: 1, angular: 1}}
  fast: {limit: {linear: 2, angular: 1}}
  slow: {limit: {linear: 0.3, angular: 1}}
  slow and horn: {limit: {linear: 0.3, angular: 1}, trigger: true}
  stop: {limit: {linear: 0, angular: 0}}
default: go
safe: stop
rules:
"""
NAMED = {
    "fast": "  - {name: fast, when: {label: road}, action: fast}\n",
    "horn": "  - {name: horn, when: {label: crowd}, action: slow and horn}\n",
    "slow": "  - {name: slow, when: {label: child}, action: slow}\n",
    "stop": "  - {name: stop, when: {label: wall}, action: stop}\n",
}
SHOWN = {"fast": "road", "horn": "crowd", "slow": "child", "stop": "wall"}


@pytest.mark.parametrize("order", list(permutations(NAMED))[::5])
def test_the_most_restrictive_decides_in_whatever_order_they_stand(order: tuple[str, ...]) -> None:
    for in_force, decides in (
        (("fast", "horn", "slow", "stop"), "stop"),
        (("fast", "horn", "slow"), "slow"),  # of two as slow the one that grants nothing
        (("fast", "horn"), "horn"),
        (("fast",), "fast"),
        ((), "default"),
    ):
        robot = Robot(RULES + "".join(NAMED[name] for name in order))
        decision = robot.step(NOW, *[thing(SHOWN[name]) for name in in_force])
        assert decision.rule == decides


def test_the_first_decides_if_asked_for() -> None:
    rules = RULES.replace("rules:", "precedence: first\nrules:") + "".join(NAMED.values())
    assert Robot(rules).step(NOW, *map(thing, SHOWN.values())).rule == "fast"


def test_a_rule_cools_down_even_over_a_gap() -> None:
    robot = Robot(BASE + "  - {name: greet, when: {label: person}, action: horn, cooldown: 1.0}\n")
    said = []
    for step in range(20):
        shown = [thing()] if step % 2 == 0 else []
        said.append(robot.step(NOW + step * 100 * MS, *shown).action == "horn")
    # on at once, off an image later, and on again with the first person a second after that
    assert [step for step, horn in enumerate(said) if horn] == [0, 12]
    late = NOW + 19 * 100 * MS
    assert robot.run(late + 600 * MS).safe
    assert robot.step(late + 601 * MS, thing()).action == "horn"


def test_what_is_not_known_restricts_and_grants_nothing() -> None:
    restricts = BASE + "  - {name: it, when: {identity: unknown}, action: stop}\n"
    grants = BASE + "  - {name: it, when: {identity: anna}, action: horn}\n"
    assert Robot(restricts).step(NOW, thing()).action == "stop"
    assert Robot(grants).step(NOW, thing()).action == "go"
