"""From a measurement to sensor_msgs/Imu: the robot's frame, SI units, covariances (REP-145)."""

from __future__ import annotations

from collections.abc import Sequence
import functools

import numpy as np

from edge_perception.core import rotation
from edge_perception.core.imu.checks import variance
from edge_perception.core.imu.source import Part, Sample
from edge_perception.core.node import ConfigurationError
from edge_perception.core.rotation import Array, Vector
from edge_perception.core.stamps import to_time
from edge_perception.messages.types import Header, Imu, Quaternion, Vector3

_UNKNOWN = np.array((-1.0,) + (0.0,) * 8)
"""The covariance that says that there is no orientation."""


class ImuMessageBuilder:
    """How the measurements of an IMU become messages."""

    def __init__(
        self,
        frame_id: str,
        mounting: Sequence[float],
        gyroscope_noise: float,
        accelerometer_noise: float,
    ) -> None:
        """
        Choose frame and noise.

        :param mounting: roll, pitch, yaw [rad] from the axes of the part to those of the frame.
        :param gyroscope_noise: standard deviation [rad/s]; 0: that of the part.
        :param accelerometer_noise: standard deviation [m/s²]; 0: that of the part.
        :raises ConfigurationError: if the mounting is no rotation.
        """
        self._frame_id = frame_id
        self._mounting = _mounting(mounting)
        self._noise = gyroscope_noise, accelerometer_noise

    def message(self, sample: Sample, part: Part, stamp: int, bias: Vector) -> Imu:
        """
        Return a measurement as a message.

        :param bias: of the gyroscope, in the axes of the part [rad/s].
        """
        gyroscope, accelerometer = sample.angular_velocity, sample.linear_acceleration
        noise = self._noise[0] or part.gyroscope_noise, self._noise[1] or part.accelerometer_noise
        message = Imu(
            header=Header(stamp=to_time(stamp), frame_id=self._frame_id),
            orientation_covariance=_UNKNOWN,
            angular_velocity=self._vector(
                (gyroscope[0] - bias[0], gyroscope[1] - bias[1], gyroscope[2] - bias[2])
            ),
            angular_velocity_covariance=_diagonal(
                variance(gyroscope, part.gyroscope_limit, noise[0])
            ),
            linear_acceleration=self._vector(accelerometer),
            linear_acceleration_covariance=_diagonal(
                variance(accelerometer, part.accelerometer_limit, noise[1])
            ),
        )
        if sample.orientation is not None:
            turned = rotation.product(sample.orientation, rotation.inverse(self._mounting))
            message.orientation = Quaternion(*turned)
            message.orientation_covariance = _diagonal(part.orientation_noise**2)
        return message

    def _vector(self, measured: Vector) -> Vector3:
        """Return what was measured in the axes of the frame."""
        return Vector3(*rotation.turned(self._mounting, measured))


def _mounting(angles: Sequence[float]) -> rotation.Quaternion:
    if len(angles) != 3:
        raise ConfigurationError(
            f"mounting is {angles}, expected three angles: roll, pitch, yaw [rad]"
        )
    return rotation.quaternion(*angles)


@functools.lru_cache(maxsize=16)
def _diagonal(variance: float) -> Array:
    """Return a covariance, the same array for the same noise."""
    covariance = np.diag([variance] * 3).reshape(-1)
    covariance.setflags(write=False)
    return covariance
