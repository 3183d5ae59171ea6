"""
What an inertial sensor makes of the truth: noise, bias that wanders, scale, steps, gaps.

The model that data sheets and Allan variances describe. It is used by the simulated IMU and by the
benchmark of the pose filter; the same seed gives the same errors.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class AxisErrors:
    """
    The errors of one triad, gyroscope [rad/s] or accelerometer [m/s²].

    :ivar noise: white noise density [unit/√Hz].
    :ivar walk: how fast the bias wanders [unit/s/√Hz].
    :ivar bias: standard deviation of the bias at the start [unit].
    :ivar scale: standard deviation of the scale error of each axis [1].
    :ivar step: of the digits [unit]; 0: none.
    :ivar limit: greatest value that can be measured [unit].
    """

    noise: float = 0.0
    walk: float = 0.0
    bias: float = 0.0
    scale: float = 0.0
    step: float = 0.0
    limit: float = math.inf


@dataclass(frozen=True)
class ImuErrors:
    """
    The errors of an IMU.

    :ivar drop: share of samples that get lost, in gaps.
    :ivar gap: mean number of samples lost in a row.
    """

    gyro: AxisErrors = AxisErrors()
    accel: AxisErrors = AxisErrors()
    drop: float = 0.0
    gap: float = 5.0


MPU6050 = ImuErrors(
    gyro=AxisErrors(
        noise=8.7e-5, walk=2e-5, bias=0.02, scale=0.002, step=1 / 131 / 57.29578, limit=4.363
    ),
    accel=AxisErrors(
        noise=3.9e-3, walk=1e-4, bias=0.15, scale=0.002, step=9.80665 / 16384, limit=19.6133
    ),
    drop=0.001,
)
"""
A low-cost MEMS IMU at ±250 °/s and ±2 g: noise and digits as in the data sheet of the MPU-6050,
biases as they remain after a factory calibration.
"""


class _Triad:
    """Three axes with their errors."""

    def __init__(self, errors: AxisErrors, random: np.random.Generator) -> None:
        self._errors = errors
        self._random = random
        self.bias = errors.bias * random.standard_normal(3)
        self._gain = 1.0 + errors.scale * random.standard_normal(3)

    def measure(self, truth: Array, interval: float) -> Array:
        """
        Return what is read instead of the truth, one row a sample.

        :param interval: seconds between samples, over which the sensor averages.
        """
        errors, root = self._errors, math.sqrt(interval)
        steps, noise = self._random.standard_normal((len(truth), 2, 3)).swapaxes(0, 1)
        biases = np.cumsum(np.vstack((self.bias, errors.walk * root * steps)), axis=0)[1:]
        self.bias = biases[-1]
        read = truth * self._gain + biases + errors.noise / root * noise
        if errors.step:
            read = np.rint(read / errors.step) * errors.step
        return np.asarray(read.clip(-errors.limit, errors.limit))


class ImuErrorModel:
    """
    Turns true angular velocities and specific forces into readings.

    :ivar gyro_bias: the present bias of the gyroscope [rad/s].
    :ivar accel_bias: the present bias of the accelerometer [m/s²].
    """

    def __init__(self, errors: ImuErrors, seed: int) -> None:
        """
        Draw the constant errors of one specimen.

        :param seed: equal seeds and truths give equal readings.
        """
        # a generator for each, so that a change of one error leaves the others' numbers alone
        seeds = np.random.SeedSequence(seed).spawn(3)
        gyro, accel, self._random = (np.random.default_rng(one) for one in seeds)
        self._gyro = _Triad(errors.gyro, gyro)
        self._accel = _Triad(errors.accel, accel)
        self._errors = errors
        self._missing = 0

    @property
    def gyro_bias(self) -> Array:
        """Return the present bias of the gyroscope [rad/s]."""
        return self._gyro.bias

    @property
    def accel_bias(self) -> Array:
        """Return the present bias of the accelerometer [m/s²]."""
        return self._accel.bias

    def measure(
        self, angular_velocity: Array, specific_force: Array, interval: float
    ) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
        """
        Return what the IMU reads next.

        :param angular_velocity: true, in the IMU's axes [rad/s], one row a sample.
        :param specific_force: true acceleration less gravity, in the IMU's axes [m/s²].
        :param interval: seconds between samples.
        :returns: angular velocities, specific forces, and which samples are not lost.
        """
        gyro = self._gyro.measure(angular_velocity, interval)
        accel = self._accel.measure(specific_force, interval)
        return gyro, accel, np.array([not self._lost() for _ in gyro])

    def _lost(self) -> bool:
        gap = max(1.0, self._errors.gap)
        if self._missing == 0 and self._random.random() < self._errors.drop / gap:
            self._missing = int(self._random.geometric(1.0 / gap))
        if self._missing:
            self._missing -= 1
            return True
        return False
