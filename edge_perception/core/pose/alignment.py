"""The start: which way is up, and the gyroscope's bias, from the first readings of the IMU."""

from __future__ import annotations

from bisect import bisect_left
import math

import numpy as np

from edge_perception.core.gravity import GRAVITY
from edge_perception.core.pose.error_state import BG, THETA
from edge_perception.core.pose.history import out_of_order, REPEATED
from edge_perception.core.pose.measurements import Inertial
from edge_perception.core.pose.quaternion import level
from edge_perception.core.pose.settings import Settings
from edge_perception.core.pose.state import State
from edge_perception.core.rotation import Array, vector
from edge_perception.core.stamps import SECOND

_FEWEST = 10
_GREATEST_BIAS = 5.0
"""Standard deviations of the bias: an IMU that reads more turns."""
_GRAVITY_ERROR = 2.0
"""How far an accelerometer may be off [m/s²] before its unit or mounting is doubted."""
_PATIENCE = 3
"""Times the wanted span after which it starts although the robot moves."""
_CERTAIN = 1e-3
"""Standard deviation of position, heading and speed at the start: they are zero by definition."""
_MOVING = (math.radians(5.0), 1.0)
"""Standard deviations of tilt [rad] and speed [m/s] if the robot moves."""


class Alignment:
    """
    Collects readings until they are enough to start with.

    :ivar problem: why the accelerometer can't tell which way is up; empty if it can.
    :ivar notice: what was wrong with the stamp of the last reading; empty if nothing.
    """

    def __init__(self, seconds: float, settings: Settings) -> None:
        self.problem = self.notice = ""
        self._span = round(seconds * SECOND)
        self._settings = settings
        self._readings: list[Inertial] = []
        self._first = 0

    def add(self, reading: Inertial, moves: bool) -> State | None:
        """
        Record a reading.

        :param moves: whether the wheels turn.
        :returns: the state to start with, once it is known.
        """
        self.notice = ""
        if not self._insert(reading):
            return None
        newest, oldest = self._readings[-1], self._readings[0]
        if newest.stamp - oldest.stamp < self._span or len(self._readings) < _FEWEST:
            return None
        gyro = np.array([one.gyro for one in self._readings])
        accel = np.array([one.accel for one in self._readings])
        settings = self._settings
        turns = float(np.abs(gyro.mean(0)).max()) >= _GREATEST_BIAS * settings.gyro_bias
        still = settings.calm.holds_for(gyro, accel) and not turns and not moves
        self.problem = _misread_gravity(accel.mean(0), settings.planar)
        if self.problem:
            del self._readings[: len(self._readings) // 4]
            return None
        if still:
            return self._still(newest, gyro.mean(0), accel.mean(0))
        if newest.stamp - self._first < _PATIENCE * self._span:
            del self._readings[: len(self._readings) // 4]
            return None
        return start(newest.stamp, settings, accel.mean(0), *_MOVING)

    def _insert(self, reading: Inertial) -> bool:
        """Put a reading into its place; one of a stamp that is there already has none."""
        readings, stamp = self._readings, reading.stamp
        if readings and stamp < readings[-1].stamp - self._span:
            self.notice = "the stamps jumped back; which way is up is found out anew"
            readings.clear()
        if not readings:
            self._first = stamp
        place = bisect_left(readings, stamp, key=lambda one: one.stamp)
        if place < len(readings):
            if readings[place].stamp == stamp:
                self.notice = REPEATED
                return False
            self.notice = out_of_order(readings[-1].stamp - stamp)
        readings.insert(place, reading)
        return True

    def _still(self, last: Inertial, gyro: Array, accel: Array) -> State:
        tilt = self._settings.accel_bias / GRAVITY
        state = start(last.stamp, self._settings, accel, tilt, _CERTAIN)
        seconds = max(1e-3, self._span / SECOND)
        deviation = last.noise[0] / math.sqrt(seconds) + self._settings.gyro_walk
        state.gyro_bias = vector(gyro)
        state.settled[BG, BG] = np.eye(3) * deviation**2
        return state


def _misread_gravity(mean: Array, planar: bool) -> str:
    """Return why a mean acceleration can't be gravity's."""
    felt = float(np.linalg.norm(mean))
    if abs(felt - GRAVITY) < _GRAVITY_ERROR:
        if not planar or mean[2] > 0.5 * felt:
            return ""
        axis = int(np.argmax(np.abs(mean)))
        sign = "-" if mean[axis] < 0 else "+"
        return (
            f"the IMU feels gravity along its {sign}{'xyz'[axis]} axis where the "
            "floor is level (+z): set imu_mounting, e.g. [3.1416, 0, 0] if it hangs upside down, "
            "or let its driver give the specific force (REP-145), not gravity"
        )
    if abs(felt - 1) < 0.15:
        cause = "the driver seems to give g: multiply by 9.80665"
    elif felt < 0.5:
        cause = "the driver seems to take gravity off: let it give the specific force (REP-145)"
    else:
        cause = "check its range and unit, and that the robot stands"
    return f"the IMU reads an acceleration of {felt:.2f} m/s² where gravity is 9.81; {cause}"


def start(stamp: int, settings: Settings, up: Array | None, tilt: float, speed: float) -> State:
    """
    Return a state at the origin.

    :param up: what the accelerometer reads; None: the robot is level.
    :param tilt: standard deviation of roll and pitch [rad].
    :param speed: standard deviation of the velocity [m/s].
    """
    up = np.array([0.0, 0.0, GRAVITY]) if up is None else up
    deviations = [tilt, speed, _CERTAIN, settings.gyro_bias, settings.accel_bias]
    covariance = np.diag(np.repeat(np.square(deviations), 3))
    about = np.outer(up, up) / (up @ up)  # the heading is zero by definition
    covariance[THETA, THETA] += (_CERTAIN**2 - tilt**2) * about
    return State(stamp, level(vector(up)), covariance)
