"""How a measurement corrects the state: the update of an error-state Kalman filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np

from edge_perception.core import rotation
from edge_perception.core.pose.error_state import BA, BG, bounded, P, SIZE, THETA, V
from edge_perception.core.pose.quaternion import exponential, normalised, skew
from edge_perception.core.pose.state import State
from edge_perception.core.rotation import Array, Vector

_IDENTITY = np.eye(SIZE)


@dataclass(frozen=True, slots=True)
class Residual:
    """
    What a measurement says against what the state had led to expect.

    :ivar value: their difference.
    :ivar jacobian: of the expected measurement by the error state.
    :ivar noise: variance of each of its components.
    """

    value: Array
    jacobian: Array
    noise: Array


class Innovation:
    """
    What a measurement tells a state: how much it surprises, and what is learned of it.

    :ivar residual: its noise is raised by `doubt` alone.
    """

    def __init__(self, state: State, residual: Residual) -> None:
        """Work out what all of it needs."""
        self.residual = residual
        self._state = state
        self._cross = state.covariance @ residual.jacobian.T
        self._covariance: Array = residual.jacobian @ self._cross
        self._variances: Array = self._covariance.reshape(-1)[:: residual.noise.size + 1]
        self._variances += residual.noise

    def surprise(self, count: int) -> float:
        """Return the normalised innovation squared (NIS) of the first components."""
        value, covariance = self.residual.value[:count], self._covariance[:count, :count]
        return _normalised_square(value.tolist(), covariance.tolist())

    def worst(self, count: int) -> int:
        """Return which of the first components differs most, by its own deviation."""
        return int(np.argmax(self.residual.value[:count] ** 2 / self._variances[:count]))

    def doubt(self, component: int, variance: float) -> None:
        """Take a component for noisier, by so much."""
        self.residual.noise[component] += variance
        self._variances[component] += variance

    def correct(self) -> None:
        """Update the state, with the covariance in Joseph's form, which stays positive."""
        residual = self.residual
        gain = self._cross @ np.linalg.inv(self._covariance)
        rest = _IDENTITY - gain @ residual.jacobian
        covariance = rest @ self._state.covariance @ rest.T + (gain * residual.noise) @ gain.T
        _inject(self._state, gain @ residual.value, covariance)


def _normalised_square(value: list[float], covariance: list[list[float]]) -> float:
    """Return the square of a few numbers by their covariance, eliminating one after the other."""
    total = 0.0
    rows = [[*row, one] for row, one in zip(covariance, value, strict=True)]
    for place, row in enumerate(rows):
        total += row[-1] ** 2 / row[place]
        for below in rows[place + 1 :]:
            factor = below[place] / row[place]
            for column in range(place, len(row)):
                below[column] -= factor * row[column]
    return total


def forget_speed(state: State, differs: float, accel_bias: float) -> None:
    """
    Know no more of the speed than that it differs by so much, and doubt what made it differ.

    :param differs: [m/s].
    :param accel_bias: standard deviation of the accelerometer's bias when nothing is known [m/s²].
    """
    covariance = state.covariance.copy()
    for part, variance in (
        (V, differs**2),
        (BA, accel_bias**2 + math.hypot(*state.accel_bias) ** 2),
    ):
        covariance[part, :] = 0.0
        covariance[:, part] = 0.0
        covariance[part, part] = np.eye(3) * variance
    state.covariance = covariance


def _inject(state: State, error: Array, covariance: Array) -> None:
    """Take the estimated error into the state; what remains is seen from the new attitude."""
    numbers = error.tolist()
    x, y, z = turn = numbers[THETA]
    state.rotation = normalised(rotation.product(state.rotation, exponential(x, y, z)))
    state.velocity = _sum(state.velocity, numbers[V])
    state.position = _sum(state.position, numbers[P])
    state.gyro_bias = _sum(state.gyro_bias, numbers[BG])
    state.accel_bias = _sum(state.accel_bias, numbers[BA])
    reset = _IDENTITY[:3, :3] - 0.5 * skew(turn)
    covariance[THETA] = reset @ covariance[THETA]
    covariance[:, THETA] = covariance[:, THETA] @ reset.T
    state.covariance = bounded(covariance)


def _sum(one: Vector, other: Sequence[float]) -> Vector:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]
