"""Standing still: told by calm IMU and wheels that do not turn, and a measurement in itself."""

from __future__ import annotations

import math

import numpy as np

from edge_perception.core.pose.correction import Innovation, Residual
from edge_perception.core.pose.error_state import BG, SIZE, V
from edge_perception.core.pose.measurements import Inertial, Wheels
from edge_perception.core.pose.settings import Settings
from edge_perception.core.pose.state import State, Stillness
from edge_perception.core.stamps import SECOND

_MEMORY = 0.2
"""Seconds over which the IMU's variance is taken."""
_PERIOD = SECOND // 20
_WHEELS_GOOD_FOR = SECOND // 2
_SPEED_NOISE = 0.005
"""How still standing is [m/s]: suspensions and floors give."""

_JACOBIAN = np.zeros((6, SIZE))
_JACOBIAN[:3, V] = np.eye(3)
_JACOBIAN[3:, BG] = np.eye(3)


def update_from_imu(state: State, reading: Inertial, interval: float, settings: Settings) -> None:
    """
    Update the variance of the IMU's readings, in a window that forgets.

    :param state: its stillness is changed.
    :param interval: since the reading before [s].
    """
    still = state.stillness
    mean = still.mean
    if mean is None or not math.isfinite(still.variance[0]):
        mean = reading.gyro + reading.accel
        still.variance = (4 * settings.calm.gyroscope**2, 4 * settings.calm.accelerometer**2)
    weight = min(1.0, interval / _MEMORY)
    # written out, as it is done for each of thousands of readings
    (wx, wy, wz), (ax, ay, az) = reading.gyro, reading.accel
    mwx, mwy, mwz, max_, may, maz = mean
    wx, wy, wz, ax, ay, az = wx - mwx, wy - mwy, wz - mwz, ax - max_, ay - may, az - maz
    still.mean = (
        *(mwx + weight * wx, mwy + weight * wy, mwz + weight * wz),
        *(max_ + weight * ax, may + weight * ay, maz + weight * az),
    )
    gyro, accel = still.variance
    still.variance = gyro, accel = (
        (1 - weight) * (gyro + weight * (wx * wx + wy * wy + wz * wz)),
        (1 - weight) * (accel + weight * (ax * ax + ay * ay + az * az)),
    )
    calm = settings.calm.holds(gyro, accel)
    still.since = (still.since or reading.stamp) if calm else None


def wheels_stand(wheels: Wheels, settings: Settings) -> bool:
    """Return whether the wheels stand, as far as they can tell."""
    return max(abs(wheels.velocity[axis]) for axis in settings.wheel_axes) < settings.still_speed


def update_from_wheels(still: Stillness, wheels: Wheels, settings: Settings) -> None:
    """
    Update since when the wheels have stood.

    :param still: is changed.
    """
    still.wheels = (still.wheels or wheels.stamp) if wheels_stand(wheels, settings) else None


def stands(state: State, settings: Settings) -> bool:
    """Return whether IMU and wheels agree that the robot stands, and have for a while."""
    still, heard = state.stillness, state.wheels_stamp
    if still.mean is None or still.since is None or still.wheels is None or heard is None:
        return False
    lasts = state.stamp - max(still.since, still.wheels)
    if lasts < settings.still_time * SECOND or state.stamp - heard >= _WHEELS_GOOD_FOR:
        return False
    # wheels that do not measure turns stand while the robot spins evenly, which no bias explains
    deviation = math.sqrt(float(state.covariance.diagonal()[BG].max()))
    spin = max(abs(still.mean[axis] - state.gyro_bias[axis]) for axis in range(3))
    return spin < settings.calm.gyroscope + 3 * deviation


def apply_zero_velocity(
    state: State, reading: Inertial, interval: float, settings: Settings
) -> None:
    """
    Apply, if it stands, that its velocity is zero and the gyroscope reads its bias.

    :param state: is changed.
    :param reading: of the IMU.
    :param interval: since the reading before [s].
    """
    still = state.stillness
    if reading.stamp - still.updated < _PERIOD or not stands(state, settings):
        return
    still.updated = reading.stamp
    (vx, vy, vz), (gx, gy, gz), (bx, by, bz) = state.velocity, reading.gyro, state.gyro_bias
    value = np.array([-vx, -vy, -vz, gx - bx, gy - by, gz - bz])
    noise = np.repeat([_SPEED_NOISE**2, reading.noise[0] ** 2 / interval], 3)
    Innovation(state, Residual(value, _JACOBIAN, noise)).correct()
