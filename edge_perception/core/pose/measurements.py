"""What the filter is told, already checked and in the base's axes."""

from __future__ import annotations

from dataclasses import dataclass
import enum
from typing import NamedTuple

from edge_perception.core.rotation import Array, Vector


class Axis(enum.IntEnum):
    """A component of the base's velocity that wheels measure."""

    VX = 0
    VY = 1
    VZ = 2
    WZ = 3


class Inertial(NamedTuple):
    """
    A reading of the IMU.

    :ivar stamp: [ns].
    :ivar gyro: angular velocity [rad/s].
    :ivar accel: specific force, +9.81 upwards at rest [m/s²].
    :ivar noise: noise densities of these two [rad/s/√Hz, m/s²/√Hz].
    """

    stamp: int
    gyro: Vector
    accel: Vector
    noise: tuple[float, float]


class Wheels(NamedTuple):
    """
    A velocity of the base.

    :ivar stamp: [ns].
    :ivar velocity: vx, vy, vz [m/s] and wz [rad/s].
    :ivar variances: of these.
    """

    stamp: int
    velocity: tuple[float, ...]
    variances: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Placement:
    """
    Where somebody says that the robot is; roll and pitch are gravity's to say.

    :ivar stamp: [ns].
    :ivar position: in odom [m].
    :ivar yaw: [rad].
    :ivar covariance: of x, y, z and yaw, 4 x 4.
    """

    stamp: int
    position: Vector
    yaw: float
    covariance: Array


Measurement = Inertial | Wheels | Placement
