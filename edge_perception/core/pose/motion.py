"""How the state goes on from one time to the next."""

from __future__ import annotations

import math

import numpy as np

from edge_perception.core import rotation
from edge_perception.core.imu.source import GRAVITY
from edge_perception.core.pose.quaternion import exponential, normalised, skew
from edge_perception.core.pose.settings import Settings
from edge_perception.core.pose.state import Array, BA, BG, bounded, P, SIZE, State, THETA, V
from edge_perception.core.stamps import SECOND

_COASTING = 1.0
"""Without an IMU: what the acceleration may be [m/s²/√Hz]."""
_TURNING = 0.3
"""Without IMU and wheels: what the angular velocity may be [rad/s/√Hz]."""
_STEP = 0.1
"""Seconds over which motion is taken as even."""

_IDENTITY = np.eye(3)
_STAY = np.eye(SIZE)


def advance(state: State, stamp: int, settings: Settings) -> None:
    """
    Take the state to a later time, by what was measured last.

    A reading of the IMU is good for a short while; after that, the robot keeps its speed and turns
    as the wheels say, and gets less and less sure of it.
    """
    if state.imu_stamp is not None:
        fresh = state.imu_stamp + round(settings.imu_hold * SECOND)
        if stamp <= fresh:
            _move(state, stamp, state.gyro, state.accel, state.noise, settings)
            return
        if state.stamp < fresh:
            _move(state, fresh, state.gyro, state.accel, state.noise, settings)
    turn, deviation = state.turn
    known = state.wheels_stamp is not None and stamp - state.wheels_stamp < SECOND
    noise = (deviation if known else _TURNING, _COASTING)
    while state.stamp < stamp:
        gyro = state.gyro_bias + np.array([0.0, 0.0, turn if known else 0.0])
        accel = state.accel_bias + GRAVITY * rotation.matrix(state.rotation)[2]
        step = min(stamp, state.stamp + round(_STEP * SECOND))
        _move(state, step, gyro, accel, noise, settings)
        state.gyro, state.accel = gyro, accel


def advance_by(
    state: State, stamp: int, gyro: Array, accel: Array, noise: tuple[float, float], s: Settings
) -> None:
    """Take the state to the time of a reading of the IMU, over which the two last are averaged."""
    if state.imu_stamp is not None and stamp - state.imu_stamp <= round(s.imu_hold * SECOND):
        mean = 0.5 * (state.gyro + gyro), 0.5 * (state.accel + accel)
        _move(state, stamp, *mean, noise, s)
    else:
        advance(state, stamp, s)
    state.gyro, state.accel, state.noise, state.imu_stamp = gyro, accel, noise, stamp


def _move(
    state: State,
    stamp: int,
    gyro: Array,
    accel: Array,
    noise: tuple[float, float],
    settings: Settings,
) -> None:
    """Integrate angular velocity and specific force, both with their biases."""
    dt = (stamp - state.stamp) / SECOND
    state.stamp = stamp
    if dt <= 0:
        return
    wx, wy, wz = (dt * (gyro - state.gyro_bias)).tolist()
    force = accel - state.accel_bias
    before = state.rotation.tolist()
    half_turn = exponential(0.5 * wx, 0.5 * wy, 0.5 * wz)
    middle = rotation.matrix(rotation.product(before, half_turn).tolist())
    turn = exponential(wx, wy, wz)
    acceleration = middle @ force
    acceleration[2] -= GRAVITY
    state.rotation = normalised(rotation.product(before, turn))
    state.position = state.position + dt * (state.velocity + 0.5 * dt * acceleration)
    state.velocity = state.velocity + dt * acceleration
    _spread(state, dt, rotation.matrix(turn), middle, force, noise, settings)


def _spread(
    state: State,
    dt: float,
    turn: Array,
    middle: Array,
    force: Array,
    noise: tuple[float, float],
    settings: Settings,
) -> None:
    """Propagate the covariance: Solà, equations 269 to 271."""
    transition = _STAY.copy()
    transition[THETA, THETA] = turn.T
    even = dt * _IDENTITY
    transition[THETA, BG] = -even
    transition[V, THETA] = -dt * (middle @ skew(force))
    transition[V, BA] = -dt * middle
    transition[P, V] = even
    covariance = transition @ state.covariance @ transition.T
    attitude, velocity = dt * noise[0] ** 2, dt * noise[1] ** 2
    gyro_bias, accel_bias = dt * settings.gyro_walk**2, dt * settings.accel_walk**2
    diagonal = covariance.reshape(-1)[:: SIZE + 1]
    diagonal += [
        *(attitude, attitude, attitude, velocity, velocity, velocity, 0.0, 0.0, 0.0),
        *(gyro_bias, gyro_bias, gyro_bias, accel_bias, accel_bias, accel_bias),
    ]
    state.covariance = bounded(covariance)


def deviation_per_sample(density: float, interval: float) -> float:
    """Return the standard deviation of readings from their noise density."""
    return density / math.sqrt(interval)
