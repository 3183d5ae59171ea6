"""
How the covariance spreads over a stretch of readings of the IMU, worked out once for all of them.

What each reading adds to attitude, velocity and position is summed up, as IMU pre-integration does
(Forster et al., "On-Manifold Preintegration for Real-Time Visual-Inertial Odometry", 2017). The
sums give the transition of the error state over the whole stretch (Solà, section 5.3, integrated):
exactly, as far as errors of attitude and velocity go; those of biases are taken to act evenly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_perception.core.pose.error_state import BA, BG, bounded, P, SIZE, THETA, V
from edge_perception.core.pose.quaternion import cross, normalised
from edge_perception.core.rotation import Array, elements, Quaternion, Vector

LONGEST = 0.05
"""Seconds over which biases may be taken to act evenly."""

_STAY = np.eye(SIZE)
_EVENLY = np.repeat([1.0, 1 / 2, 1 / 3], 9).reshape(9, 3)
"""Shares of a bias's turn at the end that attitude, velocity and position have of it."""
_DIAGONAL = slice(None, None, SIZE + 1)
_POSITION_BY_VELOCITY = slice(P.start * SIZE + V.start, P.stop * SIZE, SIZE + 1)


@dataclass(slots=True)
class Stretch:
    """
    A stretch of time.

    :ivar rotation: from base to odom at its begin.
    :ivar seconds: its length.
    :ivar gained: velocity that the specific force gave, in odom [m/s].
    :ivar moved: how far that led, in odom [m].
    :ivar variances: that noise added to each axis of attitude, velocity and the biases of
        gyroscope and accelerometer.
    """

    rotation: Quaternion
    seconds: float = 0.0
    gained: Vector = (0.0, 0.0, 0.0)
    moved: Vector = (0.0, 0.0, 0.0)
    variances: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    def add(self, seconds: float, force: Vector, noise: tuple[float, float, float, float]) -> None:
        """
        Go on for a while.

        :param force: mean specific force, in odom [m/s²].
        :param noise: densities of the noise on attitude, velocity and biases [unit/√Hz].
        """
        half = 0.5 * seconds
        (x, y, z), (gx, gy, gz), (mx, my, mz) = force, self.gained, self.moved
        self.moved = (
            mx + seconds * (gx + half * x),
            my + seconds * (gy + half * y),
            mz + seconds * (gz + half * z),
        )
        self.gained = gx + seconds * x, gy + seconds * y, gz + seconds * z
        (a, b, c, d), (turn, push, gyro_bias, accel_bias) = self.variances, noise
        self.variances = (
            a + seconds * turn * turn,
            b + seconds * push * push,
            c + seconds * gyro_bias * gyro_bias,
            d + seconds * accel_bias * accel_bias,
        )
        self.seconds += seconds

    def spread(self, covariance: Array, rotation: Quaternion) -> Array:
        """
        Return what a covariance at the begin has become at the end.

        :param rotation: from base to odom at the end.
        """
        transition = self._transition(rotation)
        covariance = transition @ covariance @ transition.T
        attitude, velocity, gyro_bias, accel_bias = self.variances
        diagonal: Array = covariance.reshape(-1)[_DIAGONAL]
        diagonal += (
            *(attitude, attitude, attitude, velocity, velocity, velocity, 0.0, 0.0, 0.0),
            *(gyro_bias, gyro_bias, gyro_bias, accel_bias, accel_bias, accel_bias),
        )
        return bounded(covariance)

    def _transition(self, rotation: Quaternion) -> Array:
        """Return the derivative of the error state at the end by that at the begin."""
        seconds = self.seconds
        (ax, ay, az, aw), (bx, by, bz, bw) = self.rotation, rotation
        (gx, gy, gz), (mx, my, mz) = self.gained, self.moved
        x, y, z, w = rotation
        numbers = np.array(
            elements((-x, -y, -z, w))
            + cross((-gx, -gy, -gz))
            + cross((-mx, -my, -mz))
            + elements(self.rotation)
            + elements(normalised((ax + bx, ay + by, az + bz, aw + bw)))
        ).reshape(15, 3)  # of one array views are made sooner than several arrays
        # attitude, velocity and position by a turn of the base, seen from odom
        by_turn, begin, halfway = numbers[:9], numbers[9:12], numbers[12:]
        transition: Array = _STAY.copy()
        transition[:9, THETA] = by_turn @ begin
        halfway *= -seconds
        transition[:9, BG] = (by_turn @ halfway) * _EVENLY
        transition[V, BA] = halfway
        transition[P, BA] = (0.5 * seconds) * halfway
        transition.reshape(-1)[_POSITION_BY_VELOCITY] = seconds
        return transition
