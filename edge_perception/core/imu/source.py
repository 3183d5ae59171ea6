"""What the IMU core expects of a driver, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import math

from edge_perception.core.gravity import GRAVITY
from edge_perception.core.rotation import Quaternion, Vector
from edge_perception.core.source import Device


@dataclass(frozen=True)
class ImuRequest:
    """
    How an IMU is to measure; parts take the next of their settings that covers it.

    :ivar rate: measurements a second; 0: as the part likes best.
    :ivar gyroscope_range: greatest angular velocity [rad/s].
    :ivar accelerometer_range: greatest acceleration [m/s²].
    :ivar self_test: whether to test the part first, which must not be shaken meanwhile.
    :ivar delay: seconds by which a measurement may come later than it could, so that a part that
        stores them with their times is read less often.
    """

    rate: float = 200.0
    gyroscope_range: float = math.radians(500)
    accelerometer_range: float = 4 * GRAVITY
    self_test: bool = True
    delay: float = 0.0


@dataclass(frozen=True)
class Part:
    """
    What a sensor can do, as it is set.

    :ivar gyroscope_limit: angular velocity at which it saturates [rad/s].
    :ivar accelerometer_limit: acceleration at which it saturates [m/s²].
    :ivar gyroscope_noise: standard deviation of a measurement [rad/s].
    :ivar accelerometer_noise: standard deviation of a measurement [m/s²].
    :ivar orientation_noise: standard deviation of the orientation, if it gives one [rad].
    """

    gyroscope_limit: float = math.inf
    accelerometer_limit: float = math.inf
    gyroscope_noise: float = 0.005
    accelerometer_noise: float = 0.05
    orientation_noise: float = 0.05


@dataclass(frozen=True)
class Sample:
    """
    A measurement, in the axes of the part.

    :ivar stamp: when it was taken, nanoseconds of system time.
    :ivar angular_velocity: [rad/s].
    :ivar linear_acceleration: [m/s²], gravity included: +9.81 upwards at rest (REP-145).
    :ivar orientation: quaternion x, y, z, w; None if the part gives none.
    """

    stamp: int
    angular_velocity: Vector
    linear_acceleration: Vector
    orientation: Quaternion | None = None


@dataclass(frozen=True)
class Batch:
    """
    What was read at once, oldest first.

    :ivar lost: measurements between this batch and the one before that nobody fetched in time.
    """

    samples: Sequence[Sample]
    part: Part
    lost: int = 0


ImuSource = Device[Batch]
OpenImu = Callable[[str, ImuRequest], ImuSource]
