"""What IMU and wheels say of a true motion, with stated errors, as messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import math

import numpy as np

from bench.pose.data import Array
from bench.pose.trajectories import Motion, RATE
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.drivers.imu.errors import ImuErrorModel, ImuErrors
from edge_perception.messages import Message
from edge_perception.messages.types import Header, Imu, Odometry, Vector3

BEGIN = 1_000 * SECOND
EVERY = 4
"""Readings of the IMU for one of the wheels."""


@dataclass(frozen=True)
class WheelErrors:
    """
    The errors of wheel odometry.

    :ivar speed: standard deviation of speeds [m/s], and its growth with speed [1].
    :ivar turn: the same of the angular velocity [rad/s, 1].
    :ivar scale: error of the wheels' radius [1].
    :ivar track: error of the distance between them [1].
    """

    speed: tuple[float, float] = (0.001, 0.02)
    turn: tuple[float, float] = (0.002, 0.05)
    scale: float = 0.003
    track: float = 0.02


def stamp(seconds: float) -> int:
    """Return the time of a message [ns]."""
    return BEGIN + round(seconds * SECOND)


def inertial(motion: Motion, errors: ImuErrors, seed: int) -> Iterator[tuple[int, Message]]:
    """Give the messages of an IMU; some get lost."""
    model = ImuErrorModel(errors, seed)
    gyro = errors.gyro.noise**2 * RATE + errors.gyro.step**2 / 12
    accel = errors.accel.noise**2 * RATE + errors.accel.step**2 / 12
    turning, pushing, there = model.measure(motion.angular, motion.force, 1 / RATE)
    for index in np.flatnonzero(there):
        when = stamp(float(motion.times[index]))
        yield when, imu_message(when, turning[index], pushing[index], gyro, accel)


def imu_message(when: int, gyro: Array, accel: Array, *variances: float) -> Imu:
    """Return a message of an IMU."""
    message = Imu(
        header=Header(stamp=to_time(when), frame_id="imu_link"),
        angular_velocity=Vector3(*gyro.tolist()),
        linear_acceleration=Vector3(*accel.tolist()),
    )
    message.orientation_covariance[0] = -1.0
    message.angular_velocity_covariance[[0, 4, 8]] = variances[0]
    message.linear_acceleration_covariance[[0, 4, 8]] = variances[1]
    return message


def measured_by_wheels(motion: Motion, errors: WheelErrors, seed: int) -> tuple[Array, Array]:
    """
    Return what the wheels measure, 50 times a second: vx, vy, vz, wz, and the variances.

    On the floor a differential drive has neither vy nor vz; in space all four are measured.
    """
    random = np.random.default_rng(seed)
    truth = np.column_stack([motion.velocity, motion.angular[:, 2]])[::EVERY]
    growth = np.array([*[errors.speed] * 3, errors.turn])
    deviation = (growth[:, 0] + growth[:, 1] * np.abs(truth)) * (np.abs(truth) > 0)
    systematic = 1 + np.array([*[errors.scale] * 3, errors.track])
    read = truth * systematic + deviation * random.standard_normal(truth.shape)
    stated = (growth[:, 0] + growth[:, 1] * np.abs(read)) ** 2
    if motion.planar:
        read[:, 1:3] = 0.0
    return read, stated


def wheel_messages(motion: Motion, read: Array, stated: Array) -> Iterator[tuple[int, Message]]:
    """Give the messages of wheel odometry, which drives on by itself."""
    for seconds, values, variances in zip(
        motion.times[::EVERY].tolist(), read.tolist(), stated.tolist(), strict=True
    ):
        yield stamp(seconds), odometry_message(stamp(seconds), values, variances)


def odometry_message(when: int, values: list[float], variances: list[float]) -> Odometry:
    """Return a message of wheel odometry; its pose is not used by the filter."""
    message = Odometry(
        header=Header(stamp=to_time(when), frame_id="odom"), child_frame_id="base_link"
    )
    twist = message.twist.twist
    twist.linear.x, twist.linear.y, twist.linear.z, twist.angular.z = values
    message.twist.covariance[[0, 7, 14, 35]] = variances
    return message


def by_wheels_alone(motion: Motion, read: Array) -> Array:
    """Return time, position and quaternion by the wheels alone, integrated along arcs."""
    step = EVERY / RATE
    poses = np.zeros((len(read), 8))
    poses[:, 7] = 1.0
    poses[:, 0] = motion.times[::EVERY]
    x = y = yaw = 0.0
    for index in range(1, len(read)):
        distance, turn = 0.5 * step * (read[index - 1, [0, 3]] + read[index, [0, 3]])
        chord = distance * (math.sin(turn / 2) / (turn / 2) if abs(turn) > 1e-9 else 1.0)
        x += chord * math.cos(yaw + turn / 2)
        y += chord * math.sin(yaw + turn / 2)
        yaw += turn
        poses[index, [1, 2, 6, 7]] = x, y, math.sin(yaw / 2), math.cos(yaw / 2)
    return poses
