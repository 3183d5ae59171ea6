"""Find out by the measurements of an IMU that it stands still, and its bias then."""

from __future__ import annotations

import numpy as np

from edge_perception.core.calm import USUAL
from edge_perception.core.gravity import GRAVITY
from edge_perception.core.imu.source import Sample
from edge_perception.core.rotation import Vector, vector
from edge_perception.core.stamps import SECOND

_GREATEST_BIAS = 0.2
"""What a gyroscope reads at most while it doesn't turn [rad/s]: parts are sold with 20 deg/s."""
_PUSHED = 1.0
"""Difference from gravity [m/s²] from which an even push is felt, too."""
_FEWEST = 20


class Standstill:
    """
    Measurements in windows of some seconds.

    An IMU stands still if it is calm, gravity is all that it feels, and it turns no faster than a
    bias can be. Slow and even turning can't be told from a bias by an IMU alone, so the owner may
    say that it moves.
    """

    def __init__(self, seconds: float) -> None:
        self._length = round(seconds * SECOND)
        self._samples: list[Sample] = []

    def add(self, sample: Sample, moves: bool = False) -> Vector | None:
        """
        Record a measurement.

        :param moves: whether it is known to move.
        :returns: the gyroscope's bias [rad/s] if it stood still for a whole window, else None.
        """
        if moves or (self._samples and sample.stamp <= self._samples[-1].stamp):
            self._samples.clear()
        self._samples.append(sample)
        if sample.stamp - self._samples[0].stamp < self._length:
            return None
        gyroscope = np.array([one.angular_velocity for one in self._samples])
        accelerometer = np.array([one.linear_acceleration for one in self._samples])
        count = len(self._samples)
        self._samples.clear()
        bias = gyroscope.mean(0)
        still = (
            count >= _FEWEST
            and USUAL.holds_for(gyroscope, accelerometer)
            and float(np.abs(bias).max()) < _GREATEST_BIAS
            and abs(float(np.linalg.norm(accelerometer.mean(0))) - GRAVITY) < _PUSHED
        )
        return vector(bias) if still else None
