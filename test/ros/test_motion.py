"""The robot with all its nodes over real ROS 2, and the faults of its sensors of motion."""

from collections.abc import Iterator
from dataclasses import replace
import math
import threading
import time
from typing import Any

from nav_msgs.msg import Odometry
import numpy as np
from PIL import Image
import pytest
from sensor_msgs.msg import Imu, JointState

from edge_perception.core.gravity import GRAVITY
from edge_perception.core.imu.node import ImuCore
from edge_perception.core.imu.source import Batch, ImuRequest, Part, Sample
from edge_perception.core.rotation import vector
from edge_perception.core.source import SourceError
from edge_perception.environment import this_machine
from edge_perception.nodes import base, wheel_odometry
from edge_perception.robot import graph
from edge_perception.robot.plan import plan, StartRequest
from edge_perception.transport.ros.arguments import arguments_of
from edge_perception.transport.ros.node import RosNode

pytestmark = pytest.mark.ros

OK, WARN, ERROR = 0, 1, 2
IN_TIME = 2
"""Seconds within which a fault must be named."""


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def add(robot, node):
    robot.nodes.append(node)
    assert node.start()
    robot.own.add_node(node)
    return node


def named(robot, name, level, words, seconds=IN_TIME):
    """Wait until a diagnostic has this level and says this, and check that it is in time."""
    robot.soon(
        lambda: robot.level(name) == level and words in robot.status[name].message,
        name.partition(":")[0],
        seconds,
    )


def test_six_nodes_know_what_is_seen_and_where_the_robot_is(robot, tiny_bundle, tmp_path):
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(tmp_path / "black.png")
    drive = "simulated:radius=1,speed=0.5,still=0.5"
    request = StartRequest(
        {
            "model": str(tiny_bundle),
            "camera": str(tmp_path / "black.png"),
            "imu": drive,
            "wheels": drive,
        }
    )
    heard = robot.hear("odometry/filtered", Odometry)
    wheels = robot.hear("wheel/odometry", Odometry)
    measured = robot.hear("imu/data", Imu)
    starts = plan(graph.load(), request)
    for start in starts:
        add(robot, base.make(base.find(start.kind), arguments_of(start)))
    assert {start.name for start in starts} == {
        *("camera", "perception", "decision"),
        *("imu", "wheels", "pose"),
    }
    robot.wait(lambda: heard and heard[-1].twist.twist.linear.x > 0.4)
    count = len(heard)
    robot.wait(lambda: len(heard) > count + 50 and len(measured) > 100)
    for odometry in (heard[-1], wheels[-1]):
        place, turned = odometry.pose.pose.position, odometry.pose.pose.orientation
        heading = 2 * math.atan2(turned.z, turned.w)
        # on a circle of 1 m to the left, from the origin
        assert math.hypot(place.x, place.y - 1.0) == pytest.approx(1.0, abs=0.05)
        around = math.atan2(place.x, 1 - place.y)
        assert abs(math.remainder(heading - around, 2 * math.pi)) < 0.05
        assert odometry.twist.twist.angular.z == pytest.approx(0.5, abs=0.1)
    stamps = [
        message.header.stamp.sec * 10**9 + message.header.stamp.nanosec for message in measured
    ]
    assert (np.diff(stamps) > 0).all()
    assert measured[-1].orientation_covariance[0] == -1
    assert measured[-1].linear_acceleration.z == pytest.approx(GRAVITY, abs=0.6)
    robot.wait(lambda: robot.level("perception: latency") == OK)
    robot.wait(lambda: robot.level("decision: input") == OK)
    for status in ("imu: source", "wheels: source", "pose: pose", "wheels: slip"):
        robot.wait(lambda status=status: robot.level(status) == OK)


class Unreliable:
    """An IMU that does what a test wants."""

    live = True
    rate = 200.0
    part = Part(gyroscope_limit=4.0, accelerometer_limit=20.0)

    def __init__(self) -> None:
        self.fault = ""
        self.random = np.random.default_rng(1)
        self.last = np.zeros(3)
        self.due = 0.0

    def open(self, spec: str, wish: ImuRequest) -> "Unreliable":
        self._fail()
        return self

    def describe(self) -> str:
        return "an unreliable IMU"

    def read(self, timeout: float) -> Batch | None:
        self._fail()
        if self.fault == "silent":
            time.sleep(timeout)
            return None
        now = time.monotonic()
        if self.due > now:
            time.sleep(self.due - now)
        self.due = max(self.due, now - 0.1) + 1 / self.rate
        if self.fault != "frozen":
            self.last = 0.01 * self.random.standard_normal(3)
        turning = self.last + {"NaN": math.nan, "saturated": 4.0}.get(self.fault, 0.0)
        pushing = self.last + np.array([0.0, 0.0, GRAVITY])
        sample = Sample(time.time_ns(), vector(turning.clip(-4, 4)), vector(pushing))
        return Batch([sample], self.part)

    def close(self) -> None:
        pass

    def _fail(self) -> None:
        if self.fault == "gone":
            raise SourceError("the MPU-6050 on i2c-1 at 0x68: it does not answer; check wiring")


@pytest.mark.parametrize(
    ("fault", "status", "level", "words"),
    [
        ("silent", "imu: source", ERROR, "has given no measurement for"),
        ("frozen", "imu: measurements", ERROR, "the measurements are frozen"),
        ("saturated", "imu: measurements", WARN, "saturated: gyroscope"),
        ("NaN", "imu: measurements", ERROR, "is no number"),
        ("gone", "imu: source", ERROR, "it does not answer; check wiring"),
    ],
)
def test_a_fault_of_the_imu_is_named_and_its_end_too(robot, fault, status, level, words):
    imu = Unreliable()
    add(robot, RosNode("imu", lambda: ImuCore(replace(this_machine(), open_imu=imu.open))))
    heard = robot.hear("imu/data", Imu)
    robot.wait(lambda: heard and robot.level(status) == OK)
    imu.fault = fault
    named(robot, status, level, words)
    imu.fault = ""
    count = len(heard)
    robot.wait(lambda: robot.level(status) == OK and len(heard) > count + 20)


class Wheels:
    """Publishes joint states of a robot that drives straight ahead."""

    def __init__(self, robot: Any) -> None:
        self.publisher = robot.speak("joint_states", JointState)
        self.angle = 0.0
        self.add = 0.0
        self.silent = False
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        while not self.ended.wait(0.02):
            self.angle += 0.2
            message = JointState(name=["left_wheel_joint", "right_wheel_joint"])
            message.header.stamp.sec, message.header.stamp.nanosec = divmod(time.time_ns(), 10**9)
            message.position = [self.angle + self.add] * 2
            if not self.silent:
                self.publisher.publish(message)

    def end(self) -> None:
        self.ended.set()
        self.thread.join()


@pytest.fixture
def wheels(robot) -> Iterator[Wheels]:
    add(robot, base.make(wheel_odometry.NODE))
    wheels = Wheels(robot)
    try:
        yield wheels
    finally:
        wheels.end()


def test_silent_wheels_are_named_and_their_return_too(robot, wheels):
    status = "wheel_odometry: input joints"
    robot.wait(lambda: robot.level(status) == OK)
    wheels.silent = True
    named(robot, status, ERROR, "no message comes on /joint_states", seconds=3)
    wheels.silent = False
    robot.wait(lambda: robot.level(status) == OK)


def test_a_counter_that_begins_anew_is_named_and_moves_nothing(robot, wheels):
    heard = robot.hear("wheel/odometry", Odometry)
    robot.wait(lambda: len(heard) > 5)
    wheels.add -= 65536.0
    named(robot, "wheel_odometry: encoders", ERROR, "set counter_bits")
    robot.wait(lambda: robot.level("wheel_odometry: encoders") == OK)
    way = [message.pose.pose.position.x for message in heard]
    assert min(np.diff(way)) >= 0
    assert way[-1] - way[0] <= 0.05 * wheels.angle  # wheels of 5 cm; some messages may get lost


def test_nan_of_the_wheels_is_named(robot, wheels):
    robot.wait(lambda: robot.level("wheel_odometry: encoders") == OK)
    wheels.add = math.nan
    named(robot, "wheel_odometry: encoders", ERROR, "gives no number")
    wheels.add = 0.0
    robot.wait(lambda: robot.level("wheel_odometry: encoders") == OK)


def test_a_second_publisher_of_the_odometry_is_named(robot, wheels):
    status = "wheel_odometry: output odometry"
    robot.wait(lambda: robot.level(status) == OK)
    rival = robot.peer.create_publisher(Odometry, "wheel/odometry", 10)
    named(robot, status, ERROR, "/peer and /wheel_odometry publish on /wheel/odometry at once")
    robot.do_elsewhere(lambda: robot.peer.destroy_publisher(rival))
    robot.wait(lambda: robot.level(status) == OK)


def test_transforms_need_tf2_msgs(robot):
    try:
        import tf2_msgs.msg  # noqa: F401

        pytest.skip("tf2_msgs is installed")
    except ImportError:
        pass
    node = base.make(wheel_odometry.NODE, ["-p", "publish_tf:=true"])
    robot.nodes.append(node)
    assert not node.start()
    assert (
        "the message type tf2_msgs/msg/TFMessage is not installed" in node.shell.condition.problem
    )
