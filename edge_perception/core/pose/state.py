"""What the filter knows: the state, and how unsure it is."""

from __future__ import annotations

from dataclasses import dataclass, field
import math
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]

THETA, V, P, BG, BA = (slice(start, start + 3) for start in range(0, 15, 3))
"""Where the errors of attitude, velocity, position and biases stand in the error state."""

SIZE = 15

_LARGEST = np.repeat([math.pi, 1e2, 1e5, 0.5, 2.0], 3)
"""Standard deviations beyond which nothing is known anyway."""


Slotted = TypeVar("Slotted", "State", "Stillness")


def _zeros() -> Array:
    return np.zeros(3)


@dataclass(slots=True)
class Stillness:
    """
    Whether the robot stands.

    :ivar mean: of the last angular velocities and accelerations.
    :ivar variance: of the same, summed over the axes: gyroscope, accelerometer.
    :ivar since: when they became calm [ns]; None while they are not.
    :ivar wheels: since when the wheels have stood [ns]; None while they turn, or are silent.
    :ivar updated: when standing was last used as a measurement [ns].
    """

    mean: Array = field(default_factory=lambda: np.zeros(6))
    variance: tuple[float, float] = (math.inf, math.inf)
    since: int | None = None
    wheels: int | None = None
    updated: int = 0


@dataclass(frozen=True, slots=True)
class Doubt:
    """
    By how much a pose may be wrong since sensors contradicted each other.

    A wrong turn is no noise: nothing that is measured later takes its error out of the heading. So
    it stands beside the filter's covariance, until the pose is set.

    :ivar turn: difference of what the sensors say now [rad/s].
    :ivar heading: [rad].
    :ivar place: [m].
    """

    turn: float = 0.0
    heading: float = 0.0
    place: float = 0.0

    def contradicted(self, turn: float, slip: float, seconds: float) -> Doubt:
        """
        Return the doubt after a while of turns [rad/s] or speeds [m/s] that differ by so much.

        Either may be the wrong one.
        """
        heading = min(math.pi, self.heading + turn * seconds)
        return Doubt(turn, heading, self.place + slip * seconds)

    def driven(self, way: float) -> Doubt:
        """Return the doubt after a way [m], which led elsewhere if the heading is wrong."""
        return Doubt(0.0, self.heading, self.place + 2 * math.sin(self.heading / 2) * way)


@dataclass(slots=True)
class State:
    """
    The state at a time. Arrays are replaced and never changed, so that copies may share them.

    :ivar stamp: [ns].
    :ivar rotation: from base to odom, quaternion x, y, z, w.
    :ivar velocity: in odom [m/s].
    :ivar position: in odom [m].
    :ivar gyro_bias: [rad/s].
    :ivar accel_bias: [m/s²].
    :ivar covariance: of the error state, in the order attitude (about the base's axes), velocity,
        position, biases.
    :ivar gyro: the last reading of the gyroscope [rad/s].
    :ivar accel: the last reading of the accelerometer [m/s²].
    :ivar noise: noise densities of these two [rad/s/√Hz, m/s²/√Hz].
    :ivar imu_stamp: when they were read; None if never.
    :ivar turn: how fast the wheels last turned [rad/s], and with which standard deviation.
    :ivar wheels_stamp: when the wheels last turned it; None if never.
    :ivar rejecting: since when the wheels have been gated out; None while they fit.
    :ivar doubted: until when that they contradict the IMU is in ``doubt`` [ns].
    :ivar doubt: what they left in doubt when they contradicted the IMU.
    """

    stamp: int
    rotation: Array
    covariance: Array
    velocity: Array = field(default_factory=_zeros)
    position: Array = field(default_factory=_zeros)
    gyro_bias: Array = field(default_factory=_zeros)
    accel_bias: Array = field(default_factory=_zeros)
    gyro: Array = field(default_factory=_zeros)
    accel: Array = field(default_factory=_zeros)
    noise: tuple[float, float] = (0.0, 0.0)
    imu_stamp: int | None = None
    turn: tuple[float, float] = (0.0, 0.0)
    wheels_stamp: int | None = None
    rejecting: int | None = None
    doubted: int = 0
    doubt: Doubt = Doubt()
    stillness: Stillness = field(default_factory=Stillness)

    def copy(self) -> State:
        """Return a state that can be changed without changing this one."""
        other = _copied(self)
        other.stillness = _copied(self.stillness)
        return other


def _copied(one: Slotted) -> Slotted:
    """Return a shallow copy; copy.copy takes ten times as long, six times a pose."""
    other = object.__new__(type(one))
    for name in one.__slots__:
        setattr(other, name, getattr(one, name))
    return other


def bounded(covariance: Array) -> Array:
    """Return a covariance made symmetric, with no variance beyond what is meaningful."""
    covariance = 0.5 * (covariance + covariance.T)
    deviation = np.sqrt(covariance.diagonal())
    if (deviation > _LARGEST).any():
        # shrinking rows and columns alike keeps it positive
        scale = np.minimum(1.0, _LARGEST / np.maximum(deviation, 1e-300))
        covariance = covariance * np.outer(scale, scale)
    return covariance
