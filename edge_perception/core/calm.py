"""
When an IMU is calm, as that of a robot that stands: the one definition of it.

Three ask whether the robot stands, each for another purpose, and all of them ask for a calm IMU:

- the IMU node (`imu.standstill`), which takes the mean of a window for the gyroscope's bias;
- the start of the pose (`pose.alignment`), which takes it for up, and for the bias that is left;
- the pose (`pose.standstill`), which asks at every reading, with a mean that forgets, and takes
  the velocity for zero.

What they ask beside it differs with what an error would do, and stands with each of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Calm:
    """
    How much the readings of an IMU vary while the robot stands, by noise and by its motors.

    A deviation is that of all three axes together, the root of the sum of their variances, so it
    doesn't depend on how the part is mounted.

    :ivar gyroscope: deviation below which the gyroscope is calm [rad/s].
    :ivar accelerometer: deviation below which the accelerometer is calm [m/s²].
    """

    gyroscope: float = 0.03
    accelerometer: float = 0.3

    def holds(self, gyroscope: float, accelerometer: float) -> bool:
        """
        Return whether an IMU is calm.

        :param gyroscope: sum of the variances of its axes [rad²/s²].
        :param accelerometer: the same [m²/s⁴].
        """
        return gyroscope < self.gyroscope**2 and accelerometer < self.accelerometer**2

    def holds_for(
        self, gyroscope: npt.NDArray[np.float64], accelerometer: npt.NDArray[np.float64]
    ) -> bool:
        """
        Return whether an IMU is calm in a window of readings.

        :param gyroscope: readings x 3 [rad/s].
        :param accelerometer: readings x 3 [m/s²].
        """
        return self.holds(float(gyroscope.var(0).sum()), float(accelerometer.var(0).sum()))


USUAL = Calm()
"""As most robots are, motors on."""
