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
from edge_perception.core.rotation import Array, Vector, vector

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


def together(residuals: Sequence[Residual]) -> Residual:
    """Return what independent measurements of the same time say, to correct by all at once."""
    if len(residuals) == 1:
        return residuals[0]
    return Residual(
        np.concatenate([one.value for one in residuals]),
        np.concatenate([one.jacobian for one in residuals]),
        np.concatenate([one.noise for one in residuals]),
    )


def surprise(state: State, residual: Residual) -> float:
    """Return the normalised innovation squared (NIS)."""
    covariance = _with_noise(residual, residual.jacobian @ state.covariance @ residual.jacobian.T)
    return float(residual.value @ np.linalg.solve(covariance, residual.value))


def worst(state: State, residual: Residual) -> int:
    """Return the component that differs most, by its own deviation."""
    covariance = _with_noise(residual, residual.jacobian @ state.covariance @ residual.jacobian.T)
    return int(np.argmax(residual.value**2 / covariance.diagonal()))


def correct(state: State, residual: Residual) -> None:
    """Update the state, with the covariance in Joseph's form, which stays positive."""
    covariance = state.covariance
    cross = covariance @ residual.jacobian.T
    gain = cross @ np.linalg.inv(_with_noise(residual, residual.jacobian @ cross))
    rest = _IDENTITY - gain @ residual.jacobian
    covariance = rest @ covariance @ rest.T + (gain * residual.noise) @ gain.T
    _inject(state, gain @ residual.value, covariance)


def _with_noise(residual: Residual, covariance: Array) -> Array:
    """Return the covariance of what is expected with that of the measurement added, in place."""
    diagonal = covariance.reshape(-1)[:: residual.noise.size + 1]
    diagonal += residual.noise
    return covariance


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
    turn = vector(error[THETA])
    state.rotation = normalised(rotation.product(state.rotation, exponential(*turn)))
    state.velocity = _sum(state.velocity, vector(error[V]))
    state.position = _sum(state.position, vector(error[P]))
    state.gyro_bias = _sum(state.gyro_bias, vector(error[BG]))
    state.accel_bias = _sum(state.accel_bias, vector(error[BA]))
    reset = _IDENTITY[:3, :3] - 0.5 * skew(turn)
    covariance[THETA] = reset @ covariance[THETA]
    covariance[:, THETA] = covariance[:, THETA] @ reset.T
    state.covariance = bounded(covariance)


def _sum(one: Vector, other: Vector) -> Vector:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]
