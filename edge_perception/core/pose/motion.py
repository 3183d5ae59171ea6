"""How the state goes on from one time to the next."""

from __future__ import annotations

from edge_perception.core import rotation
from edge_perception.core.gravity import GRAVITY
from edge_perception.core.pose.quaternion import exponential, normalised
from edge_perception.core.pose.settings import Settings
from edge_perception.core.pose.state import State
from edge_perception.core.rotation import Vector
from edge_perception.core.stamps import SECOND

_COASTING = 1.0
"""Without an IMU: what the acceleration may be [m/s²/√Hz]."""
_TURNING = 0.3
"""Without IMU and wheels: what the angular velocity may be [rad/s/√Hz]."""
_STEP = 0.1
"""Seconds over which motion is taken as even."""


def advance(state: State, stamp: int, settings: Settings) -> None:
    """
    Predict the state at a later time, by what was measured last.

    A reading of the IMU is good for a short while; after that, the robot keeps its speed and turns
    as the wheels say, and gets less and less sure of it.

    :param state: is changed.
    :param stamp: the later time [ns].
    :param settings: say for how long a reading is good.
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
        (x, y, z), (ax, ay, az) = state.gyro_bias, state.accel_bias
        ux, uy, uz = rotation.turned(rotation.inverse(state.rotation), (0.0, 0.0, GRAVITY))
        gyro, accel = (x, y, z + turn if known else z), (ax + ux, ay + uy, az + uz)
        step = min(stamp, state.stamp + round(_STEP * SECOND))
        _move(state, step, gyro, accel, noise, settings)
        state.gyro, state.accel = gyro, accel


def advance_by(
    state: State, stamp: int, gyro: Vector, accel: Vector, noise: tuple[float, float], s: Settings
) -> None:
    """
    Predict the state at the time of a reading of the IMU, by the mean of the last two readings.

    :param state: is changed.
    :param stamp: of the reading [ns].
    :param gyro: angular velocity [rad/s].
    :param accel: specific force [m/s²].
    :param noise: densities of both [rad/s/√Hz, m/s²/√Hz].
    :param s: say for how long a reading is good.
    """
    if state.imu_stamp is not None and stamp - state.imu_stamp <= round(s.imu_hold * SECOND):
        _move(state, stamp, _mean(state.gyro, gyro), _mean(state.accel, accel), noise, s)
    else:
        advance(state, stamp, s)
    state.gyro, state.accel, state.noise, state.imu_stamp = gyro, accel, noise, stamp


def _move(
    state: State,
    stamp: int,
    gyro: Vector,
    accel: Vector,
    noise: tuple[float, float],
    settings: Settings,
) -> None:
    """Integrate angular velocity and specific force, both with their biases."""
    dt = (stamp - state.stamp) / SECOND
    state.stamp = stamp
    if dt <= 0:
        return
    half = 0.5 * dt
    (wx, wy, wz), (ax, ay, az) = _less(gyro, state.gyro_bias), _less(accel, state.accel_bias)
    half_turn = exponential(half * wx, half * wy, half * wz)
    middle = rotation.product(state.rotation, half_turn)
    force = rotation.turned(middle, (ax, ay, az))
    state.spread(dt, force, (*noise, settings.gyro_walk, settings.accel_walk))
    state.rotation = normalised(rotation.product(middle, half_turn))
    (fx, fy, fz), (vx, vy, vz), (x, y, z) = force, state.velocity, state.position
    fz -= GRAVITY
    state.position = (
        x + dt * (vx + half * fx),
        y + dt * (vy + half * fy),
        z + dt * (vz + half * fz),
    )
    state.velocity = vx + dt * fx, vy + dt * fy, vz + dt * fz
    state.settle()


def _less(one: Vector, other: Vector) -> Vector:
    return one[0] - other[0], one[1] - other[1], one[2] - other[2]


def _mean(one: Vector, other: Vector) -> Vector:
    return 0.5 * (one[0] + other[0]), 0.5 * (one[1] + other[1]), 0.5 * (one[2] + other[2])
