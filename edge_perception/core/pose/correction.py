"""How a measurement corrects the state: the update of an error-state Kalman filter."""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import NamedTuple

import numpy as np

from edge_perception.core import rotation
from edge_perception.core.pose.error_state import BA, BG, bounded, P, SIZE, THETA, V
from edge_perception.core.pose.quaternion import exponential, normalised
from edge_perception.core.pose.state import State
from edge_perception.core.rotation import Array, Vector

_IDENTITY = np.eye(SIZE)
_TURN = np.array([row * SIZE + column for row in range(3) for column in range(3) if row != column])
"""Where the elements of the cross product with a turn stand beside the diagonal."""


class Residual(NamedTuple):
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
        rows = self._covariance[:count].tolist()
        return _normalised_square(self.residual.value.tolist()[:count], rows)

    def worst(self, count: int) -> int:
        """Return which of the first components differs most, by its own deviation."""
        return int(np.argmax(self.residual.value[:count] ** 2 / self._variances[:count]))

    def doubt(self, component: int, variance: float) -> None:
        """Take a component for noisier, by so much."""
        self.residual.noise[component] += variance
        self._variances[component] += variance

    def correct(self) -> None:
        """Update the state, with the covariance in Joseph's form, which stays positive."""
        value, jacobian, noise = self.residual
        gain = self._cross @ np.linalg.inv(self._covariance)
        prior = self._state.covariance
        reset = _inject(self._state, gain @ value)
        gain = reset @ gain  # what remains is seen from the new attitude
        rest = reset - gain @ jacobian
        self._state.covariance = bounded(rest @ prior @ rest.T + (gain * noise) @ gain.T)


def _normalised_square(value: list[float], covariance: list[list[float]]) -> float:
    """
    Return the square of a few numbers by their covariance, eliminating one after the other.

    :param covariance: rows of it, which may be longer; they are changed.
    """
    total, count = 0.0, len(value)
    for place, row in enumerate(covariance):
        total += value[place] ** 2 / row[place]
        for after in range(place + 1, count):
            below = covariance[after]
            factor = below[place] / row[place]
            value[after] -= factor * value[place]
            for column in range(after, count):
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


def _inject(state: State, error: Array) -> Array:
    """Take the estimated error into the state; return how what remains is seen from there."""
    numbers = error.tolist()
    x, y, z = numbers[THETA]
    state.rotation = normalised(rotation.product(state.rotation, exponential(x, y, z)))
    state.velocity = _sum(state.velocity, numbers[V])
    state.position = _sum(state.position, numbers[P])
    state.gyro_bias = _sum(state.gyro_bias, numbers[BG])
    state.accel_bias = _sum(state.accel_bias, numbers[BA])
    reset: Array = _IDENTITY.copy()
    reset.put(_TURN, (0.5 * z, -0.5 * y, -0.5 * z, 0.5 * x, 0.5 * y, -0.5 * x))
    return reset


def _sum(one: Vector, other: Sequence[float]) -> Vector:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]
