"""The wheel odometry node's core, compared with motions that are integrated in small steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from edge_perception import messages
from edge_perception.core.node import ConfigurationError, Level
from edge_perception.core.parameters import Parameters
from edge_perception.core.source import SourceError
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.core.wheels.encoder import Encoder
from edge_perception.core.wheels.geometry import Dimensions, GEOMETRIES, Motion
from edge_perception.core.wheels.node import WheelOdometryCore
from edge_perception.core.wheels.source import WheelReading, WheelRequest, WheelSource
from edge_perception.environment import this_machine

START = 1_700_000_000 * SECOND
STEP = SECOND // 50
RADIUS, TRACK = 0.1, 0.5
JOINTS = ["left_wheel_joint", "right_wheel_joint"]
JointState = messages.get("sensor_msgs/msg/JointState")
Imu = messages.get("sensor_msgs/msg/Imu")
Header = messages.get("std_msgs/msg/Header")
Vector3 = messages.get("geometry_msgs/msg/Vector3")
TFMessage = messages.get("tf2_msgs/msg/TFMessage")
TransformStamped = messages.get("geometry_msgs/msg/TransformStamped")


def no_source(spec: str, wish: WheelRequest) -> WheelSource:
    raise SourceError("there is no such source")


class Rig:
    """A core that reads joint states, with wheels that turn as told."""

    def __init__(self, **parameters: Any) -> None:
        self.core = WheelOdometryCore(replace(this_machine(), open_wheels=no_source))
        given = {"wheel_radius": RADIUS, "track": TRACK, **parameters}
        parameters = Parameters(self.core.parameters, given)
        self.ports = self.core.ports(parameters)
        self.core.configure(parameters)
        self.now = START
        self.angles = [0.0, 0.0]
        self.odometry: Any = None

    def joints(self, angles: Sequence[float], stamp: int | None = None) -> None:
        header = Header(stamp=to_time(self.now if stamp is None else stamp))
        message = JointState(header=header, name=JOINTS, position=np.array(angles))
        for port, output in self.core.step({"joints": [message]}, self.now):
            if port == "odometry":
                self.odometry = output

    def drive(self, left: float, right: float, seconds: float) -> None:
        """Turn the wheels at constant rates [rad/s]."""
        for _ in range(round(seconds * 50)):
            self.now += STEP
            self.angles[0] += left / 50
            self.angles[1] += right / 50
            self.joints(self.angles)

    def gyroscope(self, turning: float) -> None:
        imu = Imu(
            header=Header(stamp=to_time(self.now)), angular_velocity=Vector3(0.0, 0.0, turning)
        )
        self.core.step({"imu": imu}, self.now)

    def pose(self) -> tuple[float, float, float]:
        pose = self.odometry.pose.pose
        heading = 2 * math.atan2(pose.orientation.z, pose.orientation.w)
        return pose.position.x, pose.position.y, heading

    def state(self, name: str) -> tuple[Level, str]:
        found = next(d for d in self.core.diagnostics(self.now) if d.name == name)
        return found.level, found.message


def test_a_circle_ends_where_it_began() -> None:
    rig = Rig()
    rig.joints(rig.angles)
    turn = 2 * math.pi / 10  # [rad/s]: around in ten seconds, on a circle of 1 m
    rig.drive((1 - TRACK / 2) * turn / RADIUS, (1 + TRACK / 2) * turn / RADIUS, 10.0)
    assert rig.pose() == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)
    twist = rig.odometry.twist.twist
    assert (twist.linear.x, twist.angular.z) == pytest.approx((turn, turn), rel=1e-6)
    assert rig.odometry.header.frame_id == "odom"
    assert rig.odometry.child_frame_id == "base_link"


@given(*[st.floats(-2, 2)] * 3)
def test_arcs_are_exact(forward: float, left: float, turn: float) -> None:
    steps = 20_000
    headings = (np.arange(steps) + 0.5) / steps * turn
    x = np.sum(forward * np.cos(headings) - left * np.sin(headings)) / steps
    y = np.sum(forward * np.sin(headings) + left * np.cos(headings)) / steps
    assert Motion(forward, left, turn).displacement() == pytest.approx((x, y), abs=1e-7)


def test_geometries_move_as_their_wheels_roll() -> None:
    size = Dimensions(wheel_radius=0.1, track=0.4, wheelbase=0.6)
    differential = GEOMETRIES["differential"].motion([1.0, 2.0], size)
    assert differential == Motion(pytest.approx(0.15), 0.0, pytest.approx(0.25))
    # a bicycle whose rear axle rolls 0.2 m on a circle of 0.6 m / tan(steering)
    ackermann = GEOMETRIES["ackermann"].motion([2.0, 2.0, math.atan(0.6 / 2.0)], size)
    assert (ackermann.forward, ackermann.turn) == pytest.approx((0.2, 0.1))
    mecanum = GEOMETRIES["mecanum"].motion
    assert mecanum([1, 1, 1, 1], size) == Motion(pytest.approx(0.1), 0, 0)
    assert mecanum([-1, 1, 1, -1], size) == Motion(0, pytest.approx(0.1), 0)
    # turning on the spot: each wheel rolls (track + wheelbase) / 2 a radian
    assert mecanum([-5, 5, -5, 5], size) == Motion(0, 0, pytest.approx(1.0))


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@given(
    start=st.integers(0, 2**32), steps=st.lists(st.integers(-120, 120), min_size=1, max_size=50)
)
def test_counters_overflow_without_a_trace(bits: int, start: int, steps: list[int]) -> None:
    encoder = Encoder(bits, 0.5)
    position = start
    encoder.turned(float(position % 2**bits))
    turned = 0.0
    for step in steps:
        position += step
        turned += encoder.turned(float(position % 2**bits))
    assert turned == pytest.approx(0.5 * sum(steps))


def test_covariance_grows_with_motion_and_only_with_it() -> None:
    rig = Rig()
    rig.joints(rig.angles)
    traces = []
    for seconds in (1.0, 1.0, 1.0):
        rig.drive(5.0, 5.0, seconds)
        covariance = rig.odometry.pose.covariance.reshape(6, 6)
        assert (np.linalg.eigvalsh(covariance) >= -1e-12).all()
        traces.append(covariance[0, 0] + covariance[1, 1] + covariance[5, 5])
    assert traces == sorted(traces)
    assert traces[0] < traces[1] < traces[2]
    rig.drive(0.0, 0.0, 1.0)
    still = rig.odometry.pose.covariance.reshape(6, 6)
    assert still[0, 0] + still[1, 1] + still[5, 5] == pytest.approx(traces[2])


def test_covariance_is_that_of_many_drives() -> None:
    random = np.random.default_rng(3)
    ends = []
    for _ in range(400):
        rig = Rig(distance_error=0.0, heading_error=0.05, turning_error=0.0)
        rig.joints(rig.angles)
        for _ in range(20):  # metres driven in steps, each with its own error of heading
            error = 0.05 * math.sqrt(0.1) * random.standard_normal() * TRACK / 2 / RADIUS
            rig.now += SECOND
            rig.angles = [rig.angles[0] + 1.0 - error, rig.angles[1] + 1.0 + error]
            rig.joints(rig.angles)
        ends.append(rig.pose())
    claimed = rig.odometry.pose.covariance.reshape(6, 6)[np.ix_((0, 1, 5), (0, 1, 5))]
    seen = np.cov(np.array(ends).T)
    assert seen[1, 1] == pytest.approx(claimed[1, 1], rel=0.25)
    assert seen[2, 2] == pytest.approx(claimed[2, 2], rel=0.25)


def test_slip_is_noticed_by_the_gyroscope_and_ends() -> None:
    rig = Rig()
    rig.joints(rig.angles)
    for _ in range(20):
        rig.gyroscope(0.0)
        rig.drive(-5.0, 5.0, 0.05)  # the wheels say 2 rad/s
    level, message = rig.state("slip")
    assert level is Level.WARN
    assert "the wheels slip: they turn the robot by +" in message
    slipping = rig.odometry.twist.covariance[35]
    for _ in range(80):
        rig.gyroscope(2.0)
        rig.drive(-5.0, 5.0, 0.05)
    assert rig.state("slip")[0] is Level.OK
    assert slipping > 50 * rig.odometry.twist.covariance[35]


def test_no_slip_without_a_gyroscope() -> None:
    rig = Rig()
    rig.drive(-5.0, 5.0, 1.0)
    assert rig.state("slip")[0] is Level.OK


def test_a_counter_that_jumps_is_left_out_and_reported() -> None:
    rig = Rig()
    rig.joints(rig.angles)
    rig.drive(5.0, 5.0, 1.0)
    before = rig.pose()
    rig.angles = [angle - 6553.6 for angle in rig.angles]  # 16 bits, and nobody said so
    rig.drive(0.0, 0.0, 0.1)
    assert rig.pose() == pytest.approx(before)
    assert rig.state("encoders")[0] is Level.ERROR
    assert "set counter_bits (0) to the counters' width" in rig.state("encoders")[1]
    rig.drive(5.0, 5.0, 2.5)
    assert rig.state("encoders")[0] is Level.OK


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_is_left_out_and_reported(value: float) -> None:
    rig = Rig()
    rig.drive(5.0, 5.0, 1.0)
    before = rig.pose()
    rig.joints([value, 0.0])
    assert rig.pose() == before
    assert "NaN" in rig.state("encoders")[1]
    rig.drive(5.0, 5.0, 2.5)
    assert rig.pose()[0] == pytest.approx(before[0] + 1.25)
    assert rig.state("encoders")[0] is Level.OK


@pytest.mark.parametrize("value", [1e308, -1e308, 1e300])
def test_a_reading_that_can_not_be_is_left_out_at_once(value: float) -> None:
    rig = Rig()
    rig.drive(5.0, 5.0, 1.0)
    before = rig.pose()
    for angles in ([value, 0.0], [0.0, value], [value, -value]):
        rig.joints(angles)
        assert rig.pose() == before
    assert rig.state("encoders")[0] is Level.ERROR
    rig.drive(5.0, 5.0, 1.0)
    assert rig.pose()[0] == pytest.approx(before[0] + 0.5)


def test_a_counter_that_jumps_on_one_side_alone_turns_nothing() -> None:
    rig = Rig()
    rig.joints(rig.angles)
    rig.drive(5.0, 5.0, 1.0)
    before = rig.pose()
    rig.now += STEP
    rig.joints([rig.angles[0] - 50.0, rig.angles[1] + 50.0])
    assert rig.pose() == before
    assert "the wheels jumped by 0.00 m and 20.00 rad in 0.020 s" in rig.state("encoders")[1]


def test_one_spike_of_the_gyroscope_is_no_slip_and_none_lasts() -> None:
    rig = Rig()
    rig.joints(rig.angles)
    for turning in (0.0, 0.0, 30.0, 0.0, 1e160, math.nan, 0.0):
        rig.gyroscope(turning)
        rig.drive(5.0, 5.0, 0.05)
        assert rig.state("slip")[0] is Level.OK


def joint_state(now: int, **angles: tuple[float | None, float | None]) -> Any:
    """Return positions and velocities by joint; None: the message has no such list."""
    message = JointState(header=Header(stamp=to_time(now)), name=list(angles))
    for place, field in enumerate(("position", "velocity")):
        values = [pair[place] for pair in angles.values()]
        if None not in values:
            setattr(message, field, np.array(values, float))
    return message


def test_joints_of_others_in_the_same_topic_are_let_be() -> None:
    rig = Rig()
    for _ in range(200):
        rig.now += STEP
        arm = joint_state(rig.now - 1, elbow=(1.0, 0.0), wrist=(2.0, 0.0))
        rig.core.step({"joints": [arm]}, rig.now)
        rig.angles = [angle + 0.1 for angle in rig.angles]
        rig.joints(rig.angles)
        assert rig.state("encoders")[0] is Level.OK
    assert rig.pose()[0] == pytest.approx(199 * 0.1 * RADIUS)
    both = joint_state(rig.now + STEP, elbow=(1, 0), **dict.fromkeys(JOINTS, (20.1, 0.0)))
    rig.core.step({"joints": [both]}, rig.now + STEP)
    assert rig.state("encoders")[0] is Level.OK


def test_nothing_but_joints_of_others_is_named_after_a_while() -> None:
    rig = Rig()
    for _ in range(150):
        rig.now += STEP
        for names in (("elbow", "wrist"), ("base_left", "base_right")):
            message = joint_state(rig.now, **dict.fromkeys(names, (0.0, 0.0)))
            rig.core.step({"joints": [message]}, rig.now)
        if rig.now - START < 2 * SECOND:
            assert rig.state("encoders")[0] is Level.OK
    assert (
        "there is no joint 'left_wheel_joint', but elbow, wrist, base_left, base_right"
        in (rig.state("encoders")[1])
    )


@pytest.mark.parametrize("position", [None, math.nan])
def test_velocities_without_angles_are_added_up(position: float | None) -> None:
    rig = Rig()
    way = 0.0
    for index in range(201):
        rig.now += STEP
        speed = 5.0 * math.sin(index / 40)
        before = 5.0 * math.sin((index - 1) / 40) if index else 0.0
        way += 0.5 * (speed + before) / 50 * RADIUS if index else 0.0
        message = joint_state(rig.now, **dict.fromkeys(JOINTS, (position, speed)))
        rig.odometry = dict(rig.core.step({"joints": [message]}, rig.now))["odometry"]
    assert rig.pose()[0] == pytest.approx(way)
    exact = 5.0 * RADIUS / 50 * 40 * (1 - math.cos(200 / 40))
    assert rig.pose()[0] == pytest.approx(exact, rel=1e-3)
    assert rig.state("encoders") == (Level.OK, "plausible")


def test_an_angle_that_goes_missing_is_not_replaced_by_a_velocity() -> None:
    rig = Rig()
    rig.drive(5.0, 5.0, 0.2)
    rig.now += STEP
    message = joint_state(rig.now, **dict.fromkeys(JOINTS, (math.nan, 5.0)))
    assert rig.core.step({"joints": [message]}, rig.now) == []
    assert "gives no number as its position" in rig.state("encoders")[1]


def test_a_steering_needs_its_angle() -> None:
    joints = ["left_wheel_joint", "right_wheel_joint", "steering_joint"]
    rig = Rig(geometry="ackermann", joints=joints)
    message = joint_state(rig.now, **dict.fromkeys(joints, (None, 1.0)))
    assert rig.core.step({"joints": [message]}, rig.now) == []
    assert "the steering 'steering_joint' gives no angle" in rig.state("encoders")[1]


@pytest.mark.parametrize("low", [-math.pi, 0.0])
@pytest.mark.parametrize("speed", [5.0, -5.0, 40.0])
def test_angles_that_begin_anew_after_a_revolution_lose_no_way(low: float, speed: float) -> None:
    rig = Rig()
    begin = rig.angles
    rig.joints([(angle - low) % (2 * math.pi) + low for angle in begin])
    for index in range(1, 1001):
        rig.now += STEP
        angle = index * speed / 50
        rig.joints([(angle - low) % (2 * math.pi) + low] * 2)
        assert rig.state("encoders")[0] is Level.OK
    assert rig.pose()[0] == pytest.approx(20 * speed * RADIUS, rel=1e-9)


def test_angles_that_go_on_are_not_taken_for_such() -> None:
    rig = Rig(max_speed=100.0)
    for index in range(100):
        rig.now += STEP
        rig.joints([100 + 4.0 * index] * 2)  # more than half a revolution at once
    assert rig.pose()[0] == pytest.approx(99 * 4.0 * RADIUS)


def test_a_missing_joint_is_named() -> None:
    rig = Rig(joints=["left_wheel_joint", "wheel_right"])
    rig.joints([0.0, 0.0])
    assert rig.state("encoders")[0] is Level.ERROR
    assert (
        "there is no joint 'wheel_right', but left_wheel_joint, right" in rig.state("encoders")[1]
    )


def test_stamps_out_of_order_are_left_out() -> None:
    rig = Rig()
    rig.joints(rig.angles)
    rig.drive(5.0, 5.0, 1.0)
    before = rig.pose()
    rig.joints([0.0, 0.0], stamp=rig.now - STEP)
    assert rig.pose() == before
    assert "not in the order of their time stamps" in rig.state("encoders")[1]


@pytest.mark.parametrize("jump", [-3600, 3600])
def test_odometry_goes_on_after_a_clock_jump(jump: int) -> None:
    rig = Rig()
    rig.joints(rig.angles)
    rig.drive(5.0, 5.0, 1.0)
    rig.now += jump * SECOND
    rig.drive(5.0, 5.0, 1.0)
    assert rig.pose()[0] == pytest.approx(1.0, abs=0.011)
    assert rig.odometry.twist.twist.linear.x == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"geometry": "mecanum"}, "mecanum needs 4 different ones: front left"),
        ({"joints": ["a", "a"]}, "differential needs 2 different ones"),
        ({"directions": [1, 0]}, "expected 1 or -1 for each of left_wheel_joint"),
        ({"counter_bits": 3}, "counter_bits is 3, expected 8 to 64"),
        ({"source": "nothing"}, "there is no such source"),
    ],
)
def test_mistakes_are_explained(parameters: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        Rig(**parameters)


def test_directions_turn_wheels_round() -> None:
    rig = Rig(directions=[-1, 1])
    rig.joints(rig.angles)
    rig.drive(-5.0, 5.0, 1.0)
    assert rig.pose() == pytest.approx((0.5, 0.0, 0.0))


def test_transforms_are_published_if_asked_for_and_rivals_are_reported() -> None:
    assert {port.name for port in Rig().ports.outputs} == {"odometry"}
    rig = Rig(publish_tf=True)
    assert {port.name for port in rig.ports.outputs} == {"odometry", "tf"}
    joints = JointState(
        header=Header(stamp=to_time(START)), name=JOINTS, position=np.array([0.0, 0.0])
    )
    outputs = dict(rig.core.step({"joints": [joints]}, START))
    own = outputs["tf"]
    assert own.transforms[0].child_frame_id == "base_link"
    rig.core.step({"tf": [own]}, START)
    assert rig.state("transform")[0] is Level.OK
    other = TransformStamped(
        header=Header(stamp=to_time(START), frame_id="map"), child_frame_id="base_link"
    )
    rig.core.step({"tf": [own, TFMessage(transforms=[other])]}, START)
    assert rig.state("transform")[0] is Level.ERROR
    assert "map -> base_link" in rig.state("transform")[1]


class Counters:
    """A source of ticks."""

    live = True
    rate = 50.0

    def __init__(self) -> None:
        self.next: WheelReading | None = None
        self.plugged = True

    def open(self, spec: str, wish: WheelRequest) -> WheelSource:
        if not self.plugged:
            raise SourceError("the encoders are gone; plug them in")
        return self

    def describe(self) -> str:
        return "counters"

    def read(self, timeout: float) -> Sequence[WheelReading] | None:
        if not self.plugged:
            raise SourceError("the encoders are gone; plug them in")
        reading, self.next = self.next, None
        return [reading] if reading else None

    def close(self) -> None:
        pass


def test_counters_that_begin_anew_with_their_controller_move_nothing() -> None:
    counters = Counters()
    core = WheelOdometryCore(replace(this_machine(), open_wheels=counters.open))
    given = {"source": "counters", "ticks_per_revolution": 100, "gear_ratio": 10, "track": TRACK}
    core.configure(Parameters(core.parameters, given))
    now, poses = START, []

    def count(ticks: float) -> None:
        nonlocal now
        now += SECOND
        counters.next = WheelReading(now, dict.fromkeys(JOINTS, ticks))
        poses.extend(message.pose.pose.position.x for _, message in core.step({}, now))

    count(0)
    count(1000)
    assert poses[-1] == pytest.approx(2 * math.pi * 0.05)
    counters.plugged = False
    core.step({}, now)
    assert core.diagnostics(now)[0].message == "the encoders are gone; plug them in"
    counters.plugged = True
    count(7)
    count(1007)
    assert poses[-1] == pytest.approx(4 * math.pi * 0.05)
    assert core.diagnostics(now)[0].level is Level.OK
