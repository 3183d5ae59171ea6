"""The fault table: each is named within two seconds, and recovery is automatic."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
import math
from typing import Any

from circling_robot import BEGIN, POSES, Robot, Vector3
import pytest

from edge_perception.core.node import Level
from edge_perception.core.stamps import nanoseconds, SECOND, to_time

Change = Callable[[str, Any], Any]


def on(port: str, action: Callable[[Any], Any]) -> Change:
    """Change the messages of one port."""

    def change(came: str, message: Any) -> Any:
        return action(message) if came == port else message

    return change


def nothing(message: Any) -> None:
    return None


def put(path: str, value: Any) -> Callable[[Any], Any]:
    """Return what sets a field of a message."""
    *parents, last = path.split(".")

    def action(message: Any) -> Any:
        field = message
        for parent in parents:
            field = getattr(field, parent)
        setattr(field, last, value)
        return message

    return action


def freeze() -> Callable[[Any], Any]:
    first: list[Any] = []

    def action(message: Any) -> Any:
        first.append(message)
        message.angular_velocity = first[0].angular_velocity
        message.linear_acceleration = first[0].linear_acceleration
        return message

    return action


def back_and_forth() -> Callable[[Any], Any]:
    count = 0

    def action(message: Any) -> Any:
        nonlocal count
        count += 1
        if count % 2:
            message.header.stamp = to_time(
                nanoseconds(message.header.stamp) - SECOND // 40 + SECOND // 500
            )
        return message

    return action


def two_publishers() -> Callable[[Any], Any]:
    count = 0

    def action(message: Any) -> Any:
        nonlocal count
        count += 1
        message.pose.pose.position.x = 7.0 * (count % 2)
        return message

    return action


def without_covariance(message: Any) -> Any:
    message.twist.covariance[:] = 0
    return message


def without_noise(message: Any) -> Any:
    message.angular_velocity_covariance[:] = 0
    return message


def slipping(message: Any) -> Any:
    message.twist.twist.linear.x += 1.5
    return message


def old(message: Any) -> Any:
    message.header.stamp = to_time(nanoseconds(message.header.stamp) - 3 * SECOND)
    return message


def ahead(message: Any) -> Any:
    message.header.stamp = to_time(nanoseconds(message.header.stamp) + SECOND)
    return message


def in_turns() -> Callable[[Any], Any]:
    count = 0

    def action(message: Any) -> Any:
        nonlocal count
        count += 1
        if count % 2:
            message.angular_velocity = Vector3()
        else:
            message.linear_acceleration = Vector3()
        return message

    return action


def without(half: str) -> Callable[[Any], Any]:
    """Return what leaves one half of a message out, as REP-145 says it."""

    def action(message: Any) -> Any:
        setattr(message, half, Vector3())
        getattr(message, f"{half}_covariance")[0] = -1
        return message

    return action


FAULTS = [
    ("imu silent", on("imu", nothing), "imu", "imu/data has been silent for"),
    ("imu frozen", on("imu", freeze()), "imu", "imu/data is frozen"),
    ("imu NaN", on("imu", put("angular_velocity.y", math.nan)), "imu", "holds NaN or infinity"),
    ("imu saturated", on("imu", put("angular_velocity.z", 4.363)), "imu", "z axis stays at 4.363"),
    (
        "imu frame",
        on("imu", put("header.frame_id", "camera")),
        "imu",
        "is 'camera', but 'imu_link",
    ),
    ("imu no time", on("imu", put("header.stamp", to_time(0))), "imu", "header.stamp is 0"),
    ("imu ahead", on("imu", ahead), "imu", "1.000 s in the future"),
    ("imu no noise", on("imu", without_noise), "imu", "angular_velocity_covariance of imu/data"),
    ("imu out of order", on("imu", back_and_forth()), "time", "stamps are out of order"),
    ("imu in turns", on("imu", in_turns()), "imu", "gyroscope and accelerometer in turns"),
    (
        "imu no acceleration",
        on("imu", without("linear_acceleration")),
        "imu",
        "holds no acceleration, not even gravity's",
    ),
    ("imu no turn", on("imu", without("angular_velocity")), "imu", "holds no angular velocity"),
    ("wheels silent", on("wheels", nothing), "wheels", "wheel/odometry has been silent for"),
    ("wheels NaN", on("wheels", put("twist.twist.linear.x", math.nan)), "wheels", "holds NaN"),
    ("wheels frame", on("wheels", put("child_frame_id", "odom")), "wheels", "child_frame_id of"),
    ("wheels covariance", on("wheels", without_covariance), "wheels", "has the variance 0 for"),
    ("wheels slip", on("wheels", slipping), "fit", "contradict the IMU and were left out"),
    ("wheels too late", on("wheels", old), "time", "older than the newest one"),
    ("two publishers", on("wheels", two_publishers()), "wheels", "two publishers"),
    ("both silent", lambda port, message: None, "imu", "imu/data has been silent for"),
]


@pytest.mark.parametrize(
    ("change", "name", "said"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_a_fault_is_named_within_two_seconds_and_goes_by_itself(change, name, said):
    robot = Robot()
    robot.drive(5)
    assert not robot.said()
    named = ""
    for _ in range(20):
        robot.drive(0.1, change)
        one = robot.said().get(name)
        named = one.message if one else named
        if said in named:
            break
    assert said in named
    assert "\n" not in named
    robot.drive(4)
    assert not robot.said()
    count = len(robot.poses)
    robot.drive(1)
    assert len(robot.poses) - count == pytest.approx(POSES, abs=1)
    pose = robot.poses[-1]
    assert pose.twist.twist.linear.x == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("seconds", [-100, -2, 5, 86400 * 365])
def test_a_clock_jump_is_named_and_the_pose_goes_on(seconds):
    robot = Robot()
    robot.drive(5)
    before = robot.poses[-1].pose.pose.position
    robot.shift = seconds * SECOND
    robot.drive(0.1)
    way = "back" if seconds < 0 else "forward"
    assert f"the clock jumped {way}" in robot.said()["time"].message
    robot.drive(0.1)
    after = robot.poses[-1].pose.pose.position
    assert math.hypot(after.x - before.x, after.y - before.y) < 0.5
    assert robot.poses[-1].header.stamp.sec > 999 + seconds
    robot.drive(4)
    assert not robot.said()


def test_sensors_whose_clock_jumps_back_alone_are_followed():
    robot = Robot()
    robot.drive(4)
    robot.drive(0.6, lambda port, message: old(message))
    seen = [robot.said().get("time")]
    robot.drive(0.3, lambda port, message: old(message))
    seen.append(robot.said().get("time"))
    assert any(one and "jumped back by" in one.message for one in seen)


@pytest.mark.parametrize(
    ("factor", "said"), [(1 / 9.80665, "seems to give g"), (0.0, "take gravity off")]
)
def test_an_accelerometer_of_another_unit_is_named_before_it_does_harm(factor, said):
    robot = Robot()

    def change(port: str, message: Any) -> Any:
        if port == "imu":
            message.linear_acceleration.z *= factor
        return message

    robot.drive(2, change)
    assert said in robot.said(Level.ERROR)["pose"].message
    assert not robot.poses


@pytest.mark.parametrize(
    ("up", "said"), [((0, 0, -1), "along its -z axis"), ((1, 0, 0), "along its +x axis")]
)
def test_an_imu_that_hangs_upside_down_is_named(up, said):
    robot = Robot()

    def turn(message: Any) -> Any:
        felt = message.linear_acceleration.z
        message.linear_acceleration = Vector3(*(felt * one for one in up))
        return message

    robot.drive(2, on("imu", turn))
    assert said in robot.said(Level.ERROR)["pose"].message
    assert "set imu_mounting" in robot.said(Level.ERROR)["pose"].message
    assert not robot.poses


def repeated(count: int) -> int:
    return 1 if count % 100 == 50 else 0


def swapped(count: int) -> int:
    return {50: -1, 51: 1}.get(count % 100, 0)


@pytest.mark.parametrize(
    ("lag", "said"), [(repeated, "have the same stamp"), (swapped, "stamps are out of order")]
)
def test_it_starts_though_stamps_repeat_or_swap_and_says_so(lag, said):
    robot = Robot()
    heard = set()

    def change(message: Any) -> Any:
        late = lag(robot.ticks) * SECOND // 200
        message.header.stamp = to_time(nanoseconds(message.header.stamp) - late)
        return message

    for _ in range(15):
        robot.drive(0.1, on("imu", change))
        heard |= {one.message for one in robot.said().values()}
    assert robot.poses
    assert nanoseconds(robot.poses[0].header.stamp) - BEGIN < 1.2 * SECOND
    assert any(said in one for one in heard)
    robot.drive(5, on("imu", change))
    assert robot.error() < 0.1


def test_a_clock_that_ticks_coarsely_does_not_slow_the_pose_down():
    robot = Robot()
    robot.tick = SECOND // 10
    robot.drive(6)
    stamps = [nanoseconds(one.header.stamp) for one in robot.poses]
    steps = {after - before for before, after in pairwise(stamps)}
    assert steps == {round(SECOND / POSES)}
    assert robot.error() < 0.05
    assert not robot.said()


def test_without_an_imu_the_wheels_do():
    robot = Robot()
    robot.drive(12, on("imu", nothing))
    assert "imu/data has not been heard" in robot.said()["imu"].message
    assert robot.poses[-1].twist.twist.linear.x == pytest.approx(1.0, abs=0.05)


def test_nothing_is_published_while_all_sensors_are_silent():
    robot = Robot()
    robot.drive(5)
    robot.drive(1, lambda port, message: None)
    count = len(robot.poses)
    robot.drive(2, lambda port, message: None)
    assert len(robot.poses) == count


def test_sensors_of_different_latency_are_in_order():
    robot = Robot()
    behind = [robot.imu()]

    def change(port: str, message: Any) -> Any:
        if port != "imu":
            return message
        behind.append(message)
        return behind.pop(0)  # a reading later than the wheels

    robot.drive(6, change)
    assert not robot.said()
    assert robot.error() < 0.1


def test_an_even_spin_is_no_bias_for_wheels_that_do_not_measure_turns():
    robot = Robot(wheel_axes=["vx"])

    def spin(port: str, message: Any) -> Any:
        if port == "imu":
            message.angular_velocity.z += 0.5 * (robot.seconds > 1.2)
        return message

    robot.drive(2, spin)
    turn = robot.poses[-1].twist.twist.angular.z
    assert turn == pytest.approx(0.5, abs=0.02)
