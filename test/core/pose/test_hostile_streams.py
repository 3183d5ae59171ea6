"""
Streams of messages as broken drivers, wires and strangers send them, seeded.

``make test-hostile`` runs 5,000 of them into either core, the usual tests fewer (``--streams``).
"""

from __future__ import annotations

from collections.abc import Iterator
import copy
import dataclasses
from dataclasses import replace
import math
from pathlib import Path
from typing import Any

from circling_robot import POSES, Robot, SPEED, TURN
import numpy as np
import pytest

from edge_perception import messages
from edge_perception.core.decision.node import DecisionCore
from edge_perception.core.parameters import Parameters
from edge_perception.core.stamps import nanoseconds, SECOND, to_time
from edge_perception.environment import this_machine

MS = SECOND // 1000
NOW = 1_000 * SECOND
GOOD_WITHIN = 2 * SECOND
BATCH = 50
"""Streams of one test."""

Array = messages.get("edge_perception/msg/DetectionArray")
Detection = messages.get("edge_perception/msg/Detection")
Empty = messages.get("std_msgs/msg/Empty")
Header = messages.get("std_msgs/msg/Header")
Odometry = messages.get("nav_msgs/msg/Odometry")
Placed = messages.get("geometry_msgs/msg/PoseWithCovarianceStamped")

NUMBERS = [math.nan, math.inf, -math.inf, 1e308, -1e308, 1e160, 1e30, -1e30, 98066.5, 1e-300]
NUMBERS += [-1e-300, 1000.0, -1000.0, 150.0, -150.0, 99.0, 57.3, 34.9, -34.9, 9.8, -1.0, 0.0]
DELAYS = [0, SECOND, 10 * SECOND, 365 * 86400 * SECOND, -50 * MS, -SECOND, -(10**17), 5 * MS]
FRAMES = ["", "map", "camera", "\x00", "x" * 1000]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each batch of seeds."""
    if "seeds" in metafunc.fixturenames:
        count = metafunc.config.getoption("--streams")
        batches = [range(low, min(low + BATCH, count)) for low in range(0, count, BATCH)]
        metafunc.parametrize("seeds", batches, ids=[str(seeds.start) for seeds in batches])


def numbers(message: Any) -> Iterator[float]:
    """Give all numbers of a message."""
    if dataclasses.is_dataclass(message):
        for field in dataclasses.fields(message):
            yield from numbers(getattr(message, field.name))
    elif isinstance(message, (list, tuple)):
        for one in message:
            yield from numbers(one)
    elif isinstance(message, np.ndarray):
        yield from message.ravel().tolist()
    elif isinstance(message, (int, float)):
        yield message


def fields(message: Any, floats: type = float) -> Iterator[tuple[Any, str]]:
    """Give the places of all single numbers, and arrays of numbers, in a message."""
    for field in dataclasses.fields(message):
        value = getattr(message, field.name)
        if isinstance(value, (floats, np.ndarray)):
            yield message, field.name
        elif isinstance(value, list):
            for one in value:
                yield from fields(one)
        elif dataclasses.is_dataclass(value) and field.name != "header":
            yield from fields(value)


def a_number(random: np.random.Generator) -> float:
    if random.random() < 0.7:
        return NUMBERS[random.integers(len(NUMBERS))]
    return float(random.normal() * 10 ** random.uniform(-3, 6))


def spoil(message: Any, random: np.random.Generator) -> Any:
    """Break a message in one to three places: numbers, stamp or frame."""
    for _ in range(random.integers(1, 4)):
        kind = random.random()
        header = message.header
        if kind < 0.75:
            places = list(fields(message))
            place, name = places[random.integers(len(places))]
            value = getattr(place, name)
            if isinstance(value, np.ndarray):
                if value.size:
                    value[random.integers(value.size)] = a_number(random)
            else:
                setattr(place, name, a_number(random))
        elif kind < 0.95:
            late = DELAYS[random.integers(len(DELAYS))]
            header.stamp = to_time(max(0, nanoseconds(header.stamp) - late) % (2**31 * SECOND))
        else:
            header.frame_id = FRAMES[random.integers(len(FRAMES))]
    return message


def check_pose(message: Any) -> None:
    """See that nothing was published that can't be."""
    assert np.isfinite(list(numbers(message))).all()
    if type(message) is Odometry:
        for covariance in (message.pose.covariance, message.twist.covariance):
            assert (covariance.reshape(6, 6).diagonal() >= 0).all()
        speed, turn = message.twist.twist.linear, message.pose.pose.orientation
        assert math.hypot(speed.x, speed.y, speed.z) <= 101
        assert math.hypot(turn.x, turn.y, turn.z, turn.w) == pytest.approx(1.0)


@pytest.fixture(scope="module")
def driving() -> Robot:
    """Return a robot that has driven for a while."""
    robot = Robot(history=0.25)
    robot.drive(4)
    return robot


def attack(robot: Robot, random: np.random.Generator, share: float) -> None:
    """Let the robot drive while that share of its messages is broken."""

    def change(port: str, message: Any) -> Any:
        if random.random() > share:
            return message
        return None if random.random() < 0.1 else spoil(message, random)

    for _ in range(4):
        robot.drive(0.1, change)
        if random.random() < 0.1:
            placed = Placed(header=Header(stamp=to_time(robot.now), frame_id="odom"))
            placed.pose.pose.orientation.w = 1.0
            robot.step({"set_pose": spoil(placed, random)})
        if random.random() < 0.05:
            robot.shift += int(random.choice([-3, -1, 2, 1000])) * SECOND


def test_whatever_sensors_send_the_pose_is_sound_and_recovers(
    seeds: range, driving: Robot, record_property: Any
) -> None:
    slowest = 0
    for seed in seeds:
        random = np.random.default_rng(seed)
        robot = copy.deepcopy(driving)
        robot.published, robot.poses = [], []
        attack(robot, random, random.choice([0.02, 0.1, 0.5, 1.0]))
        needed = 0
        while True:
            count = len(robot.poses)
            robot.drive(0.1)
            needed += SECOND // 10
            goes_on = len(robot.poses) - count >= 0.1 * POSES - 1
            twist = robot.poses[-1].twist.twist if goes_on else None
            if twist and max(abs(twist.linear.x - SPEED), abs(twist.angular.z - TURN)) < 0.1:
                break
            assert needed < GOOD_WITHIN, seed
        slowest = max(slowest, needed)
        for _, message in robot.published:
            check_pose(message)
    record_property("slowest recovery [s]", slowest / SECOND)
    print(f"pose: {len(seeds)} streams, right {slowest / SECOND:.1f} s after them at the latest")


RULES = """
version: 1
timeout: {detections: 0.5, odometry: 0.2}
actions:
  go: {limit: {linear: 1, angular: 2}}
  stop: {limit: {linear: 0, angular: 0}}
  unlock: {limit: {linear: 1, angular: 2}, trigger: true}
default: go
safe: stop
rules:
  - {name: fast, when: {speed: 0.5}, action: stop}
  - name: nothing seen
    when: {none: [{label: thing, score: {max: 0.7}, area: {max: 0.3}}]}
    action: stop
  - {name: far, when: {distance: 1000}, action: stop}
  - {name: owner, when: {label: owner, score: 0.8, width: 0.1}, action: unlock, after: 2 of 2}
"""


def a_sight(now: int, random: np.random.Generator) -> Any:
    thing = Detection(label="thing", score=0.5, has_box=True, width=64, height=48)
    owner = Detection(label="owner", score=0.9, has_box=True, width=100, height=90)
    things = [thing, owner] if random.random() < 0.3 else [thing]
    header = Header(stamp=to_time(now), frame_id="camera")
    return Array(header=header, detections=things, image_width=640, image_height=480)


def a_motion(now: int) -> Any:
    odometry = Odometry(header=Header(stamp=to_time(now), frame_id="odom"))
    odometry.twist.twist.linear.x = 0.2
    return odometry


def seen_can_be(seen: Any) -> bool:
    """Tell whether all that rules compare of detections is a number that can be."""
    boxes = [(one.x, one.y, one.width, one.height) for one in seen.detections if one.has_box]
    return bool(
        seen.image_width > 0
        and seen.image_height > 0
        and all(np.isfinite(one.score) and -0.01 < one.score < 1.01 for one in seen.detections)
        and np.isfinite(boxes).all()
        and all(box[2] >= 0 and box[3] >= 0 for box in boxes)
    )


def motion_can_be(odometry: Any) -> bool:
    """Tell whether all that rules compare of an odometry is a number that can be."""
    speed, place = odometry.twist.twist.linear, odometry.pose.pose.position
    found = np.array([speed.x, speed.y, speed.z, place.x, place.y, place.z])
    return bool(np.isfinite(found).all() and np.abs(found).max() < 1e9)


def test_whatever_comes_the_decision_permits_nothing_that_can_not_be_compared(
    seeds: range, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    permitted = 0
    for seed in seeds:
        random = np.random.default_rng(seed)
        core, now = DecisionCore(replace(this_machine(), monotonic=lambda: 0)), NOW
        core.configure(Parameters(core.parameters, {"rules": str(rules)}))
        share = random.choice([0.05, 0.3, 0.8])
        newest = {"detections": (0, False), "odometry": (0, False)}
        for step in range(30):
            now += int(random.choice([20, 50, 100, 100, 100])) * MS
            attacked = step < 24
            came = {"detections": a_sight(now, random), "odometry": a_motion(now)}
            for port, can_be in (("detections", seen_can_be), ("odometry", motion_can_be)):
                if attacked and random.random() < share:
                    spoil(came[port], random)
                    if port == "detections" and random.random() < 0.1:
                        came[port].image_width = 0
                stamp = nanoseconds(came[port].header.stamp)
                if newest[port][0] < stamp <= now + 100 * MS:
                    newest[port] = stamp, can_be(came[port])
            outputs = dict(core.step(came, now))
            decision = outputs["decision"]
            assert np.isfinite(list(numbers(list(outputs.values())))).all(), seed
            if decision.action != "stop":
                permitted += 1
                assert all(good for _, good in newest.values()), seed
                assert now - newest["detections"][0] <= 500 * MS
                assert now - newest["odometry"][0] <= 200 * MS
        assert decision.action in ("go", "unlock"), seed  # six good images later
    assert permitted > len(seeds)
    print(f"decision: {len(seeds)} streams, {permitted} decisions that permit something")


def test_no_absurd_sample_silences_a_rule_on_the_speed(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    robot, random = Robot(), np.random.default_rng(1)
    core = DecisionCore(replace(this_machine(), monotonic=lambda: 0))
    core.configure(Parameters(core.parameters, {"rules": str(rules)}))
    robot.drive(3.2)
    spoilt = 0

    def change(port: str, message: Any) -> Any:
        nonlocal spoilt
        if port == "imu" and robot.ticks % 40 == 0:
            value = NUMBERS[spoilt % len(NUMBERS)]
            half = message.angular_velocity if spoilt % 2 else message.linear_acceleration
            setattr(half, "xyz"[spoilt % 3], value)
            spoilt += 1
        return message

    reasons = set()
    for _ in range(500):
        robot.drive(0.02, change)
        came = {"odometry": robot.poses[-1], "detections": a_sight(robot.now, random)}
        decision = dict(core.step(came, robot.now))["decision"]
        reasons.add(decision.rule)
        assert decision.action == "stop"
    assert spoilt > 2 * len(NUMBERS)
    assert reasons == {"safe", "fast"}
