"""A pose node's core, and a robot on a circle whose pose is known in closed form."""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Any

import numpy as np

from edge_perception import messages
from edge_perception.core.node import Diagnostic, Level
from edge_perception.core.parameters import Parameters
from edge_perception.core.pose.node import PoseCore
from edge_perception.core.stamps import SECOND, to_time

GRAVITY = 9.80665
BEGIN = 1_000 * SECOND
RATE = 200
POSES = Parameters(PoseCore.parameters).number("rate")
STANDS, STARTS = 2.0, 1.0
SPEED, TURN = 1.0, 0.5

Header = messages.get("std_msgs/msg/Header")
Imu = messages.get("sensor_msgs/msg/Imu")
Odometry = messages.get("nav_msgs/msg/Odometry")
Vector3 = messages.get("geometry_msgs/msg/Vector3")


def truth(seconds: float) -> tuple[float, float, float, float, float]:
    """Return x, y, yaw, speed and turn of a robot that stands, speeds up, and drives a circle."""
    going = max(0.0, seconds - STANDS)
    if going < STARTS:
        speed = SPEED * going / STARTS
        return 0.5 * speed * going, 0.0, 0.0, speed, 0.0
    yaw = TURN * (going - STARTS)
    radius = SPEED / TURN
    start = 0.5 * SPEED * STARTS
    return start + radius * math.sin(yaw), radius * (1 - math.cos(yaw)), yaw, SPEED, TURN


def imu(when: int, gyro: Sequence[float], accel: Sequence[float], frame: str = "imu_link") -> Any:
    message = Imu(
        header=Header(stamp=to_time(when), frame_id=frame),
        angular_velocity=Vector3(*gyro),
        linear_acceleration=Vector3(*accel),
    )
    message.angular_velocity_covariance[[0, 4, 8]] = 1e-6
    message.linear_acceleration_covariance[[0, 4, 8]] = 1e-3
    return message


def wheels(when: int, speed: float, turn: float, frame: str = "base_link") -> Any:
    message = Odometry(header=Header(stamp=to_time(when), frame_id="odom"), child_frame_id=frame)
    message.twist.twist.linear.x, message.twist.twist.angular.z = speed, turn
    message.twist.covariance[[0, 35]] = 1e-4, 1e-4
    return message


class Robot:
    """
    A robot that drives as `truth` says.

    :ivar seconds: since it was started.
    :ivar poses: what was published on odometry.
    :ivar shift: of its clock [ns].
    :ivar tick: of the clock that the node reads [ns].
    """

    def __init__(self, seed: int = 0, **parameters: Any) -> None:
        self.core = PoseCore()
        given = Parameters(self.core.parameters, parameters)
        self.ports = self.core.ports(given)
        self.core.topics = {port.name: port.topic for port in self.ports.inputs}
        self.core.configure(given)
        self.random = np.random.default_rng(seed)
        self.ticks = 0
        self.shift = 0
        self.tick = 1
        self.poses: list[Any] = []
        self.published: list[tuple[str, Any]] = []

    @property
    def seconds(self) -> float:
        return self.ticks / RATE

    @property
    def now(self) -> int:
        return BEGIN + self.ticks * (SECOND // RATE) + self.shift

    def imu(self) -> Any:
        """Return what the IMU reads now."""
        *_, speed, turn = truth(self.seconds)
        starting = STANDS <= self.seconds < STANDS + STARTS
        gyro = self.random.normal((0, 0, turn), 1e-3)
        accel = self.random.normal((starting * SPEED, speed * turn, GRAVITY), 0.03)
        return imu(self.now, gyro, accel)

    def wheels(self) -> Any:
        """Return what the wheels say now."""
        *_, speed, turn = truth(self.seconds)
        noise = self.random.normal(0, 0.01, 2) if speed else (0, 0)
        return wheels(self.now, speed + noise[0], turn + noise[1])

    def drive(self, seconds: float, change: Any = lambda port, message: message) -> None:
        """
        Drive on.

        :param change: is given port and message, and returns what arrives; None: nothing.
        """
        for _ in range(round(seconds * RATE)):
            came = {"imu": self.imu()}
            if self.ticks % 4 == 0:
                came["wheels"] = self.wheels()
            inputs = {port: change(port, message) for port, message in came.items()}
            self.step({port: [one] for port, one in inputs.items() if one is not None})
            self.ticks += 1

    def step(self, inputs: dict[str, Any]) -> None:
        outputs = self.core.step(inputs, self.now // self.tick * self.tick)
        self.published += outputs
        self.poses += [message for port, message in outputs if port == "odometry"]

    def said(self, level: Level = Level.WARN) -> dict[str, Diagnostic]:
        """Return the diagnostics of at least that level, by name."""
        return {one.name: one for one in self.core.diagnostics(self.now) if one.level >= level}

    def error(self) -> float:
        """Return how far the newest pose is from the truth [m]."""
        pose = self.poses[-1]
        place = pose.pose.pose.position
        when = pose.header.stamp.sec * SECOND + pose.header.stamp.nanosec - self.shift
        x, y, *_ = truth((when - BEGIN) / SECOND)
        return math.hypot(place.x - x, place.y - y)
