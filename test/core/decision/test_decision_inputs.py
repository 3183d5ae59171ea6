"""What the decision core makes of motion, and of messages that can't be true."""

from __future__ import annotations

import math
from typing import Any

import pytest
from rule_files import FEW, MS, NOW, Robot, TIMEOUT

from edge_perception.core.node import ConfigurationError, Level
from edge_perception.core.stamps import nanoseconds, to_time
from edge_perception.messages.types import (
    Attribute,
    Detection,
    DetectionArray,
    Header,
    Odometry,
    Place,
    StageTime,
)

MOVING = FEW.replace("{detections: 0.5}", "{detections: 0.5, odometry: 0.2}").replace(
    "  - {name: person", "  - {name: fast, when: {speed: 0.5}, action: stop}\n  - {name: person"
)


def moving(now: int, speed: float, x: float = 0.0) -> Any:
    odometry = Odometry(header=Header(stamp=to_time(now)))
    odometry.twist.twist.linear.x = speed
    odometry.pose.pose.position.x = x
    return {"odometry": odometry}


def test_speed_decides_and_a_robot_that_does_not_know_it_is_safe() -> None:
    robot = Robot(MOVING)
    assert robot.step(NOW).safe
    assert "nothing has come on odometry/filtered yet" in robot.step(NOW + 1).reason
    for image in range(4):
        now = NOW + (image + 1) * 50 * MS
        robot.run(now, **moving(now, 0.8, image * 1.0))
        decision = robot.step(now)
    assert (decision.rule, decision.safe) == ("fast", False)
    assert decision.reason == "the robot moves at 0.80 m/s after 3.0 m"
    assert nanoseconds(decision.expires) == now + 200 * MS
    robot.run(now + MS, **moving(now + MS, 0.1))
    assert robot.step(now + MS).rule == "default"
    assert "odometry/filtered is 0.3" in robot.step(now + 301 * MS).reason


def test_odometry_is_asked_for_only_by_rules_that_need_it() -> None:
    assert "odometry" not in {port.name for port in Robot(FEW).ports.inputs}
    assert "odometry" in {port.name for port in Robot(MOVING).ports.inputs}


def test_rules_on_motion_need_a_timeout() -> None:
    with pytest.raises(ConfigurationError, match="'odometry' is missing, since the rule 'fast'"):
        Robot(MOVING.replace(", odometry: 0.2", ""))


def spoil(message: Any, path: str, value: Any) -> None:
    """Change one number of a message."""
    *parents, last = path.split(".")
    for name in parents:
        message = getattr(message, name)
    setattr(message, last, value)


def a_sight(now: int) -> Any:
    """Return an image with a chair, which no rule is about."""
    chair = Detection(label="chair", score=0.9, has_box=True, width=64, height=48)
    header = Header(stamp=to_time(now))
    return DetectionArray(header=header, detections=[chair], image_width=640, image_height=480)


NOT_DETECTIONS = [
    ("score", math.nan, "holds 'chair' with the score nan, which is not in 0 to 1"),
    ("score", math.inf, "with the score inf"),
    ("score", -0.5, "with the score -0.5"),
    ("score", 90.0, "with the score 90"),
    ("x", math.nan, "holds 'chair' in a box that can't be (x, y, width, height: nan, 0, 64, 48)"),
    ("width", math.inf, "in a box that can't be"),
    ("width", -64.0, "in a box that can't be"),
    ("height", -math.inf, "in a box that can't be"),
    ("track_age", math.nan, "with times that can't be (age nan s, contact after 0 s)"),
    ("time_to_contact", math.inf, "with times that can't be"),
    ("time_to_contact", -1.0, "with times that can't be"),
    ("place", [Place(distance=math.nan)], "in a place that can't be (x, y, z, distance"),
    ("place", [Place(deviation=-1.0)], "in a place that can't be"),
]


@pytest.mark.parametrize(("field", "value", "says"), NOT_DETECTIONS)
def test_a_detection_that_can_not_be_compared_is_none(
    robot: Robot, field: str, value: float, says: str
) -> None:
    now = robot.warm(NOW)
    seen = a_sight(now)
    assert robot.run(now, detections=seen).action == "go"
    seen = a_sight(now + MS)
    spoil(seen.detections[0], field, value)
    decision = robot.run(now + MS, detections=seen)
    assert (decision.action, decision.safe) == ("stop", True)
    assert decision.reason.startswith("what comes on detections holds 'chair'")
    assert says in decision.reason
    assert says in robot.core.diagnostics(now + MS)[0].message
    actions = [robot.step(now + i * 100 * MS).action for i in (1, 2, 3)]
    assert actions == ["stop", "stop", "go"]


@pytest.mark.parametrize(("width", "height"), [(0, 0), (640, 0), (0, 480)])
def test_an_empty_image_says_nothing(robot: Robot, width: int, height: int) -> None:
    now = robot.warm(NOW)
    header = Header(stamp=to_time(now))
    seen = DetectionArray(header=header, image_width=width, image_height=height)
    decision = robot.run(now, detections=seen)
    assert decision.safe
    assert f"is of an empty image ({width} x {height} pixels)" in decision.reason


NOT_MOTION = [
    ("twist.twist.linear.x", math.nan, "holds the speed nan m/s, which no robot has"),
    ("twist.twist.linear.y", math.nan, "holds the speed nan m/s"),
    ("twist.twist.linear.z", math.inf, "holds the speed inf m/s"),
    ("twist.twist.linear.x", 897.0, "holds the speed 897 m/s"),
    ("twist.twist.linear.x", -1e308, "holds the speed 1e+308 m/s"),
    ("pose.pose.position.x", math.nan, "holds the position (nan, 0, 0) m, where no robot is"),
    ("pose.pose.position.y", -math.inf, "holds the position (0, -inf, 0) m"),
    ("pose.pose.position.z", 1e30, "holds the position (0, 0, 1e+30) m"),
]


@pytest.mark.parametrize(("field", "value", "says"), NOT_MOTION)
def test_a_motion_that_can_not_be_is_not_known(field: str, value: float, says: str) -> None:
    robot = Robot(MOVING)
    for image in range(4):
        robot.run(NOW + image, **moving(NOW + image, 0.1))
        decision = robot.step(NOW + image)
    assert decision.action == "go"
    came = moving(NOW + MS, 0.1)
    spoil(came["odometry"], field, value)
    decision = robot.run(NOW + MS, **came)
    assert (decision.action, decision.safe) == ("stop", True)
    assert decision.reason.startswith("what comes on odometry/filtered holds the")
    assert says in decision.reason
    for image in range(3):
        now = NOW + (2 + image) * MS
        robot.run(now, **moving(now, 0.1))
        decision = robot.step(now)
    assert decision.action == "go"


def test_the_way_goes_on_after_positions_that_can_not_be() -> None:
    robot = Robot(MOVING.replace("speed: 0.5", "distance: 100"))
    far = {50: math.nan, 60: 1e300, 70: 1e6}
    for metre in range(103):
        now = NOW + metre * 100 * MS
        robot.run(now, **moving(now, 1.0, far.get(metre, metre)))
        decision = robot.step(now)
        # nobody drives 1e6 m and back in 0.1 s, so two of the metres are not counted
        assert (decision.rule == "fast") == (metre == 102), metre


def test_what_later_stages_say_counts_with_its_own_score(robot: Robot) -> None:
    now = robot.warm(NOW)
    for score, action in ((0.5, "go"), (0.95, "unlock")):
        for _ in range(3):
            now += 100 * MS
            face = Detection(
                label="face", score=0.9, attributes=[Attribute(label="owner", score=score)]
            )
            header = Header(stamp=to_time(now))
            seen = DetectionArray(
                header=header, detections=[face], image_width=640, image_height=480
            )
            decision = robot.run(now, detections=seen)
        assert decision.action == action
    assert decision.reason == "face (owner 0.95) was seen with score 0.90 in 3 of 3 images"


def test_an_array_with_a_missing_part_is_not_judged(robot: Robot) -> None:
    """A person may be what is missing: what was in force stays until it is too old."""
    now = robot.warm(NOW)
    assert robot.step(now, "person").rule == "person ahead"
    seen_at = now
    for _ in range(7):
        now += 100 * MS
        stages = [StageTime("run"), StageTime("identify", fault="no memory")]
        header = Header(stamp=to_time(now))
        decision = robot.run(
            now,
            detections=DetectionArray(header=header, stages=stages, image_width=4, image_height=4),
        )
        expected = "person ahead" if now <= seen_at + TIMEOUT else "safe"
        assert decision.rule == expected
    [fault, _] = robot.core.diagnostics(now)
    assert fault.level == Level.WARN
    assert "is not judged, as the stage identify is missing: no memory" in fault.message
    robot.step(now + 100 * MS)
    [fault, _] = robot.core.diagnostics(now)
    assert fault.level == Level.OK
