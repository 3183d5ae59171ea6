"""How a measurement corrects the state: the update of an error-state Kalman filter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_perception.core import rotation
from edge_perception.core.pose.quaternion import exponential, normalised, skew
from edge_perception.core.pose.state import Array, BA, BG, bounded, P, SIZE, State, THETA, V

_IDENTITY = np.eye(SIZE)


@dataclass(frozen=True, slots=True)
class Residual:
    """
    What a measurement says against what the state had led to expect.

    :ivar value: their difference.
    :ivar jacobian: of the expected measurement by the error state.
    :ivar noise: covariance of the measurement.
    """

    value: Array
    jacobian: Array
    noise: Array


def surprise(state: State, residual: Residual) -> float:
    """Return the normalised innovation squared (NIS)."""
    covariance = residual.jacobian @ state.covariance @ residual.jacobian.T + residual.noise
    return float(residual.value @ np.linalg.solve(covariance, residual.value))


def worst(state: State, residual: Residual) -> int:
    """Return the component that differs most, by its own deviation."""
    covariance = residual.jacobian @ state.covariance @ residual.jacobian.T + residual.noise
    return int(np.argmax(residual.value**2 / covariance.diagonal()))


def correct(state: State, residual: Residual) -> None:
    """Update the state, with the covariance in Joseph's form, which stays positive."""
    cross = state.covariance @ residual.jacobian.T
    gain = cross @ np.linalg.inv(residual.jacobian @ cross + residual.noise)
    rest = _IDENTITY - gain @ residual.jacobian
    state.covariance = rest @ state.covariance @ rest.T + gain @ residual.noise @ gain.T
    _inject(state, gain @ residual.value)


def forget_speed(state: State, differs: float, accel_bias: float) -> None:
    """
    Know no more of the speed than that it differs by so much, and doubt what made it differ.

    :param differs: [m/s].
    :param accel_bias: standard deviation of the accelerometer's bias when nothing is known [m/s²].
    """
    covariance = state.covariance.copy()
    for part, variance in (
        (V, differs**2),
        (BA, accel_bias**2 + float(state.accel_bias @ state.accel_bias)),
    ):
        covariance[part, :] = 0.0
        covariance[:, part] = 0.0
        covariance[part, part] = np.eye(3) * variance
    state.covariance = covariance


def _inject(state: State, error: Array) -> None:
    """Take the estimated error into the state; what remains is seen from the new attitude."""
    angle = error[THETA]
    turned = rotation.product(state.rotation.tolist(), exponential(*angle.tolist()))
    state.rotation = normalised(turned)
    state.velocity = state.velocity + error[V]
    state.position = state.position + error[P]
    state.gyro_bias = state.gyro_bias + error[BG]
    state.accel_bias = state.accel_bias + error[BA]
    reset = _IDENTITY[:3, :3] - 0.5 * skew(angle)
    covariance = state.covariance
    covariance[THETA] = reset @ covariance[THETA]
    covariance[:, THETA] = covariance[:, THETA] @ reset.T
    state.covariance = bounded(covariance)
