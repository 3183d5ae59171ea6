"""The decision core: hysteresis, freshness, the safe action, and what holds whatever comes in."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from rule_files import FEW, MS, NOW, Robot, TIMEOUT

from edge_perception import messages
from edge_perception.core.decision.hysteresis import Share, Switch
from edge_perception.core.decision.node import DecisionCore
from edge_perception.core.freshness import AHEAD
from edge_perception.core.node import ConfigurationError, Level
from edge_perception.core.parameters import Parameters
from edge_perception.core.stamps import nanoseconds, SECOND, to_time
from edge_perception.environment import this_machine
from edge_perception.messages.types import Header, String


def test_before_the_first_image_the_robot_is_safe(robot: Robot) -> None:
    decision = robot.run(NOW)
    assert (decision.action, decision.rule, decision.safe) == ("stop", "safe", True)
    assert decision.reason == "nothing has come on detections yet"
    assert nanoseconds(decision.expires) == NOW + TIMEOUT
    assert robot.outputs["limit"].linear.x == 0
    assert robot.outputs["trigger"].data is False
    [fault, _] = robot.core.diagnostics(NOW)
    assert (
        fault.level == Level.WARN
    )  # whoever publishes nothing is to blame, and the shell says so
    assert fault.message == (
        f"nothing fresh comes on detections within its timeout of {TIMEOUT / SECOND:g} s; "
        "the safe action 'stop' is given"
    )


def test_safe_state_and_forms_of_the_limit_that_carry_a_time(robot: Robot) -> None:
    now = robot.warm(NOW)
    robot.step(now)
    assert robot.outputs["limit_stamped"].twist == robot.outputs["limit"]
    assert robot.outputs["limit_stamped"].header.stamp == to_time(now)
    safe = dict(robot.core.safe_state(now + MS, "it ends"))
    assert (safe["decision"].action, safe["decision"].reason) == ("stop", "it ends")
    assert safe["decision"].safe
    assert safe["decision"].expires == to_time(now + 501 * MS)
    assert (safe["limit"].linear.x, safe["trigger"].data) == (0, False)
    assert safe["limit_stamped"].header.stamp == to_time(now + MS)


def test_default_after_enough_images(robot: Robot) -> None:
    reasons = [robot.step(NOW + i * 100 * MS).reason for i in range(3)]
    assert reasons == [
        "1 of 3 images seen that the rules ask for",
        "2 of 3 images seen that the rules ask for",
        "no rule is in force",
    ]
    assert robot.outputs["decision"].action == "go"
    assert robot.outputs["limit"].linear.x == 1
    assert robot.outputs["limit"].angular.z == 2
    assert robot.core.diagnostics(NOW)[0].level == Level.OK


def test_a_rule_gives_its_evidence_and_expires_with_its_input(robot: Robot) -> None:
    now = robot.warm(NOW)
    decision = robot.step(now, "chair", "person", stamp=now - 30 * MS)
    assert (decision.action, decision.rule, decision.safe) == ("stop", "person ahead", False)
    assert decision.reason == "person was seen with score 0.90"
    assert [thing.label for thing in decision.evidence] == ["person"]
    assert decision.header == Header(stamp=to_time(now - 30 * MS), frame_id="camera")
    assert nanoseconds(decision.expires) == now - 30 * MS + TIMEOUT
    for message in robot.outputs.values():
        messages.serialize(message)


def test_the_first_rule_in_force_decides(robot: Robot) -> None:
    now = robot.warm(NOW)
    for i in range(4):
        decision = robot.step(now + i * 100 * MS, "owner", "person")
    assert decision.rule == "person ahead"


def test_release_and_hold(robot: Robot) -> None:
    now = robot.warm(NOW)
    actions = [robot.step(now, "person").action]
    actions += [robot.step(now + i * 100 * MS).action for i in range(1, 5)]
    assert actions == ["stop", "stop", "stop", "go", "go"]  # held for 0.3 s, released by 2 images


def test_unlock_needs_consecutive_matches(robot: Robot) -> None:
    now = robot.warm(NOW)
    seen = ["owner", "owner", "", "owner", "owner", "owner"]
    actions = [robot.step(now + i * 100 * MS, label).action for i, label in enumerate(seen)]
    assert actions == ["go"] * 5 + ["unlock"]
    assert robot.outputs["decision"].reason == "owner was seen with score 0.90 in 3 of 3 images"
    assert robot.outputs["trigger"].data is True


def test_unlock_never_acts_on_a_replayed_image(robot: Robot) -> None:
    now = robot.warm(NOW)
    for i in range(5):
        decision = robot.step(now + i * 10 * MS, "owner", stamp=now)
    assert decision.action == "go"
    assert robot.outputs["trigger"].data is False
    assert "not newer" in robot.run(now + SECOND).reason


def test_stale_input_leads_to_the_safe_action_and_back(robot: Robot) -> None:
    now = robot.warm(NOW)
    last = now - 100 * MS
    assert robot.run(last + TIMEOUT).action == "go"
    decision = robot.run(last + TIMEOUT + 1)
    assert (decision.action, decision.safe) == ("stop", True)
    assert decision.reason == "the newest of detections is 0.500 s old, the limit is 0.5 s"
    back = last + 2 * SECOND
    actions = [robot.step(back + i * 100 * MS).action for i in range(3)]
    assert actions == ["stop", "stop", "go"]


def test_a_gap_ends_an_unlock(robot: Robot) -> None:
    now = robot.warm(NOW)
    for i in range(3):
        robot.step(now + i * 100 * MS, "owner")
    assert robot.outputs["trigger"].data is True
    later = now + 5 * SECOND
    robot.run(later)
    assert robot.outputs["trigger"].data is False
    assert robot.step(later, "owner").action == "stop"
    assert robot.step(later + 100 * MS, "owner").action == "stop"
    assert robot.step(later + 200 * MS, "owner").action == "unlock"


@pytest.mark.parametrize(
    ("stamp", "says"),
    [
        (0, "carries no time (header.stamp is 0)"),
        (NOW + 10 * SECOND, "is stamped 9.000 s in the future"),
        (NOW - 10 * SECOND, "is stamped 11 s in the past, which is another clock"),
        (NOW, "is over 0.5 s old when it comes"),
    ],
)
def test_images_of_implausible_time(robot: Robot, stamp: int, says: str) -> None:
    decision = robot.step(NOW + SECOND, "owner", stamp=stamp)
    assert decision.safe
    assert says in decision.reason
    assert robot.core.diagnostics(NOW)[0].level == Level.ERROR


def test_a_jump_of_the_clock(robot: Robot) -> None:
    now = robot.warm(NOW)
    assert robot.run(now).action == "go"
    decision = robot.run(now - 3 * SECOND)
    assert (decision.action, decision.safe) == ("stop", True)
    assert decision.reason == "the clock jumped back by 3.000 s"
    now = robot.warm(now - 3 * SECOND)
    assert robot.run(now).action == "go"


def test_it_repeats_itself_faster_than_its_decisions_expire(robot: Robot) -> None:
    assert robot.core.period() == 0.1
    assert robot.core.period() * SECOND < TIMEOUT / 2


def test_labels_of_the_model_are_compared_with_the_rules(robot: Robot) -> None:
    labels = String(data='{"model": "m", "decoder": "boxes", "labels": ["person", "owners"]}')
    robot.core.step({"labels": labels}, NOW)
    [_, fault] = robot.core.diagnostics(NOW)
    assert fault.level == Level.WARN
    assert "no label of m fits 'owner'; is 'owners' meant?" in fault.message


def test_a_rule_file_with_a_typo(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(FEW.replace("default: go", "default: goo"))
    with pytest.raises(ConfigurationError, match=r"rules\.yaml, line 8, column 10.*'go' meant"):
        DecisionCore(this_machine()).configure(
            Parameters(DecisionCore.parameters, {"rules": str(rules)})
        )


def test_a_safe_action_that_allows_more_than_another_is_doubted() -> None:
    [_, doubt] = Robot(SPEEDS.replace("safe: stop", "safe: slow")).core.diagnostics(NOW)
    assert doubt.level == Level.WARN
    assert doubt.message.startswith("the safe action 'slow', which is given while nothing is seen")
    assert "faster than 'stop' does" in doubt.message
    [_, fine] = Robot(SPEEDS).core.diagnostics(NOW)
    assert fine.level == Level.OK


SPEEDS = """
version: 1
timeout: {detections: 0.5}
actions:
  go: {limit: {linear: 1, angular: 1}}
  slow: {limit: {linear: 0.3, angular: 1}}
  stop: {limit: {linear: 0, angular: 0}}
default: go
safe: stop
rules: [{name: cat, when: {label: cat}, action: stop}]
"""


def test_the_shipped_rules_are_the_default() -> None:
    core = DecisionCore(this_machine())
    core.configure(Parameters(DecisionCore.parameters))
    assert "config/rules.yaml" in core.diagnostics(0)[1].message


def test_a_person_before_a_flickering_detector() -> None:
    # The measures and bounds of the collision monitor of nav2, with the settings that
    # config/rules.yaml recommends for a moving robot.
    recommended = "after: 2 of 3, release: 5 of 5, hold: 0.5"
    robot, random = Robot(FEW.replace("release: 2 of 2, hold: 0.3", recommended)), Random(1)
    appears, leaves, end = 10.0, 20.0, 40.0
    stopped = []
    for image in range(int(end * 30)):
        seconds = image / 30
        present = appears <= seconds < leaves
        detected = random.random() < (0.85 if present else 0.02)
        decision = robot.step(NOW + image * SECOND // 30, *(["person"] if detected else []))
        stopped.append((seconds, decision.action == "stop"))
    first = min(seconds for seconds, stop in stopped if stop and seconds >= appears)
    last = max(seconds for seconds, stop in stopped if stop and seconds < leaves + 5)
    during = [stop for seconds, stop in stopped if first <= seconds < leaves]
    without = [stop for seconds, stop in stopped if 1 < seconds < appears or seconds > last]
    assert first - appears <= 0.6
    assert sum(during) / len(during) >= 0.9
    assert last - leaves <= 0.6
    assert sum(without) / len(without) <= 0.05


# What a shell may do: at some time, with or without an image of some age showing something.
EVENTS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 50 * MS, 100 * MS, 400 * MS, 3 * SECOND, -200 * MS]),
        st.none() | st.sampled_from([0, 50 * MS, 450 * MS, 2 * SECOND, -50 * MS, -SECOND, NOW]),
        st.sets(st.sampled_from(["person", "owner", "chair"])),
    ),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(events=EVENTS)
def test_whatever_comes_in(events: Any) -> None:
    robots = [Robot(FEW), Robot(FEW)]
    now = NOW
    accepted: list[tuple[int, frozenset[str]]] = []  # since the last gap
    for delta, age, labels in events:
        if delta < 0 or (accepted and now + delta - accepted[-1][0] > TIMEOUT):
            accepted = []
        now += delta
        stamp = None if age is None else max(0, now - age)
        published = []
        for robot in robots:
            if stamp is None:
                robot.run(now)
            else:
                robot.step(now, *sorted(labels), stamp=stamp)
            published.append([messages.serialize(m) for m in robot.outputs.values()])
        assert published[0] == published[1]  # same inputs, same bytes

        newest = accepted[-1][0] if accepted else 0
        if stamp is not None and max(newest, now - TIMEOUT - 1) < stamp <= now + AHEAD:
            accepted.append((stamp, frozenset(labels)))
        decision = robots[0].outputs["decision"]
        fresh = bool(accepted) and now - accepted[-1][0] <= TIMEOUT
        if not fresh or len(accepted) < 3:
            assert decision.safe
            assert decision.action == "stop"
        elif "person" in accepted[-1][1]:
            assert decision.rule == "person ahead"
        if not decision.safe:
            assert nanoseconds(decision.expires) == accepted[-1][0] + TIMEOUT >= now
        if decision.action == "unlock":
            assert any(
                all("owner" in seen for _, seen in accepted[i : i + 3])
                for i in range(len(accepted) - 2)
            )
        assert robots[0].outputs["trigger"].data == (decision.action == "unlock")
        assert decision.reason


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 10)), max_size=60),
    st.integers(1, 5),
    st.integers(1, 5),
    st.integers(0, 20),
)
def test_a_switch_changes_only_for_enough_votes_and_not_too_soon(
    images: list[tuple[bool, int]], count: int, more: int, hold: int
) -> None:
    after, release = Share(count, count + more), Share(more, count + more)
    switch = Switch(after, release, hold)
    now, since, changed = 0, 0, 0
    for index, (holds, delta) in enumerate(images, 1):
        now += delta
        before = switch.on
        switch.see(holds)
        switch.settle(now)
        if switch.on == before:
            continue
        share = release if before else after
        recent = [seen for seen, _ in images[changed:index]][-share.of :]
        assert recent.count(not before) >= share.count
        if before:
            assert now - since >= hold
        since, changed = now, index
