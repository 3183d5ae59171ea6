"""From messages to measurements: what can't be true is refused, and said in one sentence."""

from __future__ import annotations

import math

import numpy as np

from edge_perception.core import rotation
from edge_perception.core.freshness import AHEAD
from edge_perception.core.node import Message
from edge_perception.core.pose.measurements import Axis, Inertial, Placement, Wheels
from edge_perception.core.pose.parameters import Configuration
from edge_perception.core.pose.quaternion import euler
from edge_perception.core.pose.state import Array
from edge_perception.core.stamps import nanoseconds, SECOND

_FROZEN_AFTER = SECOND // 2
_FEWEST = 10
_SATURATED_AFTER = 5
_LARGE = np.repeat([3.0, 15.0], 3)
"""What an axis must read at least to be taken for saturated [rad/s, m/s²]."""
_DENSITIES = (1e-3, 2e-2)
"""Of a gyroscope and an accelerometer that say nothing about their noise."""
_SATURATED_NOISE = (1.0, 10.0)
_SHORTEST, _LONGEST = 1e-3, 0.1
_TWIST_DIAGONAL = (0, 7, 14, 35)
_POSE_ROWS = np.ix_((0, 1, 2, 5), (0, 1, 2, 5))
_INPUT_PARAMETERS = ("speed_noise", "speed_noise", "speed_noise", "turn_noise")


class ReadingError(Exception):
    """A message that can't be used: why, and what to do, in one sentence."""


class ImuReader:
    """
    Reads the IMU's messages.

    :ivar warning: what is doubtful about the message that was read last; empty if nothing is.
    """

    def __init__(self, topic: str, configuration: Configuration) -> None:
        self.warning = ""
        self._topic = topic
        self._frame = configuration.text("imu_frame")
        mounting = configuration.given["imu_mounting"]
        self._turn = (
            rotation.matrix(rotation.quaternion(*mounting).tolist()) if any(mounting) else None
        )
        self._given = configuration.number("gyro_noise"), configuration.number("accel_noise")
        self._last = np.full(6, math.nan)
        self._stamp = 0
        self._changed = 0
        self._same = 0
        self._stuck = np.zeros(6, int)
        self._interval = 0.005

    def read(self, message: Message, now: int) -> Inertial:
        """
        Return the measurement.

        :raises ReadingError: if there is none.
        """
        self.warning = ""
        stamp = _stamp(message, self._topic, now)
        _check_frame(message.header.frame_id, self._frame, self._topic, "imu_frame")
        gyro, accel = message.angular_velocity, message.linear_acceleration
        values = np.array([gyro.x, gyro.y, gyro.z, accel.x, accel.y, accel.z])
        if not np.isfinite(values).all():
            raise ReadingError(
                f"{self._topic} holds NaN or infinity; the IMU's driver fails to read it: check "
                "its wiring and log"
            )
        interval = (stamp - self._stamp) / SECOND
        if _SHORTEST <= interval <= _LONGEST:
            self._interval += 0.05 * (interval - self._interval)
        self._stamp = max(stamp, self._stamp) if interval > -1.0 else stamp
        self._check_frozen(values, stamp)
        noise = self._noise(message, values)
        if self._turn is not None:
            values[:3], values[3:] = self._turn @ values[:3], self._turn @ values[3:]
        return Inertial(stamp, values[:3], values[3:], noise)

    def _check_frozen(self, values: Array, stamp: int) -> None:
        same = values == self._last
        self._stuck = np.where(same & (np.abs(values) > _LARGE), self._stuck + 1, 0)
        self._last = values.copy()
        if not same.all():
            self._changed, self._same = stamp, 0
            return
        self._same += 1
        if self._same >= _FEWEST and stamp - self._changed >= _FROZEN_AFTER:
            raise ReadingError(
                f"{self._topic} is frozen: it has repeated the same values for "
                f"{(stamp - self._changed) / SECOND:.1f} s; restart the IMU's driver, check its "
                "bus"
            )

    def _noise(self, message: Message, values: Array) -> tuple[float, float]:
        """Return the noise densities: as the parameters say, or the message, or of any IMU."""
        found = []
        for given, name, other in zip(
            self._given, ("angular_velocity", "linear_acceleration"), _DENSITIES, strict=True
        ):
            variance = float(max(getattr(message, f"{name}_covariance")[0:9:4]))
            if given > 0:
                found.append(given)
            elif variance > 0 and math.isfinite(variance):
                found.append(math.sqrt(variance * self._interval))
            else:
                found.append(other)
                parameter = "gyro_noise" if name.startswith("angular") else "accel_noise"
                self.warning = (
                    f"{name}_covariance of {self._topic} is {variance:g}, so that its noise is "
                    f"unknown and taken as {other:g}/√Hz; let the driver fill it in, or set "
                    f"{parameter}"
                )
        stuck = self._stuck >= _SATURATED_AFTER
        if stuck.any():
            axis = int(np.argmax(stuck))
            sensor, unit = ("gyroscope", "rad/s") if axis < 3 else ("accelerometer", "m/s²")
            self.warning = (
                f"the {sensor} of {self._topic} is saturated: its {'xyz'[axis % 3]} axis stays at "
                f"{values[axis]:.4g} {unit}; give it a wider range"
            )
            return _SATURATED_NOISE
        return found[0], found[1]


class WheelReader:
    """
    Reads the wheels' messages.

    :ivar warning: what is doubtful about the message that was read last; empty if nothing is.
    """

    def __init__(self, topic: str, configuration: Configuration) -> None:
        self.warning = ""
        self._topic = topic
        self._frame = configuration.text("base_frame")
        self._axes = configuration.settings.wheel_axes
        self._default = [configuration.number(name) ** 2 for name in _INPUT_PARAMETERS]
        self._last: tuple[int, float, float] | None = None
        self._jumps: list[int] = []

    def read(self, message: Message, now: int) -> Wheels:
        """
        Return the measurement.

        :raises ReadingError: if there is none.
        """
        self.warning = ""
        stamp = _stamp(message, self._topic, now)
        _check_frame(message.child_frame_id, self._frame, self._topic, "base_frame", "child_")
        twist = message.twist.twist
        velocity = np.array([twist.linear.x, twist.linear.y, twist.linear.z, twist.angular.z])
        used = list(self._axes)
        if not np.isfinite(velocity[used]).all():
            raise ReadingError(
                f"the twist of {self._topic} holds NaN or infinity; check the encoders and the "
                "parameters of the wheel odometry, e.g. a wheel radius or track of 0"
            )
        self._check_publishers(message, stamp)
        return Wheels(stamp, np.nan_to_num(velocity), self._covariance(message))

    def _covariance(self, message: Message) -> Array:
        diagonal = [float(message.twist.covariance[place]) for place in _TWIST_DIAGONAL]
        for axis in self._axes:
            if not (diagonal[axis] > 0 and math.isfinite(diagonal[axis])):
                name = _INPUT_PARAMETERS[axis]
                self.warning = (
                    f"the twist of {self._topic} has the variance {diagonal[axis]:g} for "
                    f"{Axis(axis).name.lower()}, which must be above 0; {name} is used instead: "
                    "let the wheel odometry fill it in"
                )
        return np.diag(
            [
                value if value > 0 and math.isfinite(value) else default
                for value, default in zip(diagonal, self._default, strict=True)
            ]
        )

    def _check_publishers(self, message: Message, stamp: int) -> None:
        """Notice poses that jump to and fro, as those of two publishers do."""
        place = message.pose.pose.position
        last, self._last = self._last, (stamp, place.x, place.y)
        if last is None:
            return
        seconds = abs(stamp - last[0]) / SECOND
        speed = math.hypot(message.twist.twist.linear.x, message.twist.twist.linear.y)
        if math.hypot(place.x - last[1], place.y - last[2]) > 0.2 + 2 * speed * seconds:
            self._jumps.append(stamp)
        self._jumps = [jump for jump in self._jumps[-4:] if abs(stamp - jump) < SECOND]
        if len(self._jumps) >= 3:
            self.warning = (
                f"the pose of {self._topic} jumps to and fro: two publishers seem to use this "
                "topic; end one of them, or give it another topic"
            )


def read_placement(message: Message, now: int, topic: str, frame: str) -> Placement:
    """
    Return where the robot is said to be.

    :raises ReadingError: if the message does not say it.
    """
    stamp = nanoseconds(message.header.stamp) or now
    if stamp > now + AHEAD:
        raise ReadingError(f"{topic} is stamped {(stamp - now) / SECOND:.3f} s in the future")
    _check_frame(message.header.frame_id, frame, topic, "odom_frame")
    pose = message.pose.pose
    position = np.array([pose.position.x, pose.position.y, pose.position.z])
    turn = np.array(
        [pose.orientation.x, pose.orientation.y, pose.orientation.z, pose.orientation.w]
    )
    covariance = np.array(message.pose.covariance, float).reshape(6, 6)[_POSE_ROWS]
    if not (np.isfinite(position).all() and abs(float(turn @ turn) - 1) < 0.01):
        raise ReadingError(
            f"{topic} holds no pose: position {position.tolist()}, orientation {turn.tolist()}, "
            "which must be a unit quaternion"
        )
    covariance = 0.5 * (covariance + covariance.T)
    if not np.isfinite(covariance).all() or float(np.linalg.eigvalsh(covariance)[0]) < 0:
        raise ReadingError(f"the covariance of {topic} is not positive; leave it at 0 if unknown")
    return Placement(stamp, position, euler(turn)[2], covariance + 1e-6 * np.eye(4))


def _stamp(message: Message, topic: str, now: int) -> int:
    stamp = nanoseconds(message.header.stamp)
    if stamp <= 0:
        raise ReadingError(
            f"{topic} carries no time (header.stamp is 0); let its driver stamp what it measures"
        )
    if stamp > now + AHEAD:
        raise ReadingError(
            f"{topic} is stamped {(stamp - now) / SECOND:.3f} s in the future; make its driver "
            "use the clock that this node uses (use_sim_time?)"
        )
    return stamp


def _check_frame(frame: str, wanted: str, topic: str, parameter: str, prefix: str = "") -> None:
    if wanted and frame != wanted:
        raise ReadingError(
            f"{prefix}frame_id of {topic} is {frame!r}, but {wanted!r} was expected; set it in "
            f"the driver, or set {parameter} if {frame or 'another'!r} is right"
        )
