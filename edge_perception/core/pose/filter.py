"""The filter: what each kind of measurement means to the state."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np

from edge_perception.core import rotation
from edge_perception.core.pose import standstill
from edge_perception.core.pose.chi_square import quantile
from edge_perception.core.pose.correction import (
    correct,
    forget_speed,
    Residual,
    surprise,
    together,
    worst,
)
from edge_perception.core.pose.error_state import BG, bounded, P, SIZE, THETA, V
from edge_perception.core.pose.measurements import Axis, Inertial, Measurement, Placement, Wheels
from edge_perception.core.pose.motion import advance, advance_by
from edge_perception.core.pose.quaternion import euler, normalised, skew
from edge_perception.core.pose.settings import Settings
from edge_perception.core.pose.state import Doubt, State
from edge_perception.core.rotation import Array, Vector
from edge_perception.core.stamps import SECOND

_LASTING = 50
"""Measurements in a row that share the wheels' lasting error of turn."""
_SHORTEST = 1e-4
"""Seconds between readings at the least, for their noise."""
_GRAVE = 100.0
"""Times the gate's bound on the NIS that is no usual slip."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    How well the wheels fitted.

    :ivar stamp: of the measurement [ns].
    :ivar nis: normalised innovation squared.
    :ivar freedom: numbers that were measured.
    :ivar used: whether they passed the gate.
    :ivar worst: what fitted worst, if they did not pass it.
    """

    stamp: int
    nis: float
    freedom: int
    used: bool
    worst: Axis | None = None


class Filter:
    """An error-state Kalman filter; it keeps no state itself, so that it can go back in time."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        axes = settings.wheel_axes
        self._fixed = [axis for axis in (Axis.VX, Axis.VY, Axis.VZ) if axis not in axes]
        if not settings.slip:
            self._fixed = []
        height, tilt = settings.floor if settings.planar else (0.0, 0.0)
        deviations = [settings.slip] * len(self._fixed)
        deviations += [tilt, tilt, height] if settings.planar else []
        self._constraint_noise = np.square(deviations)

    def after(self, state: State, measurement: Measurement) -> tuple[State, Verdict | None]:
        """Return the state after a measurement, which is not older than it."""
        state = state.copy()
        if isinstance(measurement, Inertial):
            self._predict_by_imu(state, measurement)
            return state, None
        advance(state, measurement.stamp, self.settings)
        if isinstance(measurement, Placement):
            _place(state, measurement)
            return state, None
        return state, self._update_by_wheels(state, measurement)

    def predict(self, state: State, stamp: int) -> State:
        """Return the state as it is expected to be later."""
        state = state.copy()
        advance(state, stamp, self.settings)
        return state

    def _predict_by_imu(self, state: State, reading: Inertial) -> None:
        before = state.imu_stamp if state.imu_stamp is not None else state.stamp
        interval = max(_SHORTEST, (reading.stamp - before) / SECOND)
        advance_by(state, reading.stamp, reading.gyro, reading.accel, reading.noise, self.settings)
        standstill.update_from_imu(state, reading, interval, self.settings)
        standstill.apply_zero_velocity(state, reading, interval, self.settings)

    def _update_by_wheels(self, state: State, wheels: Wheels) -> Verdict | None:
        standstill.update_from_wheels(state.stillness, wheels, self.settings)
        before = state.wheels_stamp if state.wheels_stamp is not None else wheels.stamp
        way = math.hypot(*state.velocity) * (wheels.stamp - before) / SECOND
        state.doubt = state.doubt.driven(way)
        if state.rejecting is None:
            state.doubted = max(before, wheels.stamp - SECOND)
        state.wheels_stamp = wheels.stamp
        if Axis.WZ in self.settings.wheel_axes:
            # each says how fast it turned for a hundredth of a second or more
            density = math.sqrt(wheels.variances[Axis.WZ] * 0.02)
            state.turn = (wheels.velocity[Axis.WZ], density)
        velocity, jacobian = base_velocity(state)
        residual = self._wheel_residual(state, wheels, velocity, jacobian)
        verdict: Verdict | None = None
        used: list[Residual] = []
        if residual.value.size:
            verdict, used = self._gated(state, wheels.stamp, residual)
        if self._constraint_noise.size and (verdict is None or verdict.used):
            used.append(self._constraints(state, velocity, jacobian))
        if used:
            correct(state, together(used))
        return verdict

    def _wheel_residual(
        self, state: State, wheels: Wheels, velocity: Vector, jacobian: Array
    ) -> Residual:
        """Compare the base's velocity with the wheels'; both are given by `base_velocity`."""
        expected, rows = list(velocity), np.zeros((4, SIZE))
        rows[:3] = jacobian
        axes, variances = self.settings.wheel_axes, list(wheels.variances)
        if state.imu_stamp is None or wheels.stamp - state.imu_stamp > (
            self.settings.imu_hold * SECOND
        ):
            axes = axes[: len(axes) - (Axis.WZ in axes)]  # it turned by the wheels already
        else:
            expected.append(state.gyro[2] - state.gyro_bias[2])
            rows[3, BG.start + 2] = -1.0
            variances[3] += (state.noise[0] ** 2) / 0.005
        return Residual(
            np.array([wheels.velocity[axis] - expected[axis] for axis in axes]),
            rows.take(axes, 0),
            np.array([variances[axis] for axis in axes]),
        )

    def _gated(
        self, state: State, stamp: int, residual: Residual
    ) -> tuple[Verdict, list[Residual]]:
        """
        Judge a measurement: it is used if it is plausible, or if none has been for too long.

        :returns: how well it fits, and what to correct the state by; nothing if it is not used.
        """
        nis = surprise(state, residual)
        freedom = residual.value.size
        gate = quantile(self.settings.gate, freedom)
        if nis <= gate:
            state.rejecting = None
            return Verdict(stamp, nis, freedom, True), [self._with_lasting_error(state, residual)]
        odd = self.settings.wheel_axes[worst(state, residual)]
        if state.rejecting is None or state.rejecting > stamp:
            state.rejecting = stamp
        grave = nis > _GRAVE * gate
        patient = stamp - state.rejecting < self.settings.patience * SECOND
        if grave or not patient:
            seconds = (stamp - state.doubted) / SECOND
            turn, slip = abs(float(residual.value[-1])), _slip(residual)
            differ = (turn, 0.0) if odd is Axis.WZ else (0.0, slip)
            state.doubt, state.doubted = state.doubt.contradicted(*differ, seconds), stamp
        if patient:
            return Verdict(stamp, nis, freedom, False, odd), []
        # it is the state that is wrong, or the wheels are for long
        residual = self._with_lasting_error(state, residual)
        if grave and odd is not Axis.WZ:
            forget_speed(state, _slip(residual), self.settings.accel_bias)
            if _measures_turn(residual):
                residual.noise[-1] *= nis / gate
        else:  # be drawn to the measurement, but not all at once
            residual = Residual(residual.value, residual.jacobian, residual.noise * (nis / gate))
        return Verdict(stamp, nis, freedom, True, odd), [residual]

    def _with_lasting_error(self, state: State, residual: Residual) -> Residual:
        """Learn less from a turn than its noise alone would allow: its error does not average."""
        if not _measures_turn(residual):
            return residual
        noise = residual.noise.copy()
        noise[-1] += _LASTING * (self.settings.turn_error * state.turn[0]) ** 2
        return Residual(residual.value, residual.jacobian, noise)

    def _constraints(self, state: State, velocity: Vector, jacobian: Array) -> Residual:
        """Return how far the state is from moving neither sideways nor off the floor."""
        values = [-velocity[axis] for axis in self._fixed]
        rows = np.zeros((self._constraint_noise.size, SIZE))
        rows[: len(values)] = jacobian[self._fixed]
        if self.settings.planar:
            up = rotation.turned(rotation.inverse(state.rotation), (0.0, 0.0, 1.0))
            values += [-up[0], -up[1], -state.position[2]]
            rows[-3:-1, THETA] = skew(up)[:2]
            rows[-1, P.start + 2] = 1.0
        return Residual(np.array(values), rows, self._constraint_noise)


def _slip(residual: Residual) -> float:
    """Return the difference of the speeds [m/s]."""
    turn = 1 if _measures_turn(residual) else 0
    return float(np.linalg.norm(residual.value[: residual.value.size - turn]))


def _measures_turn(residual: Residual) -> bool:
    """Return whether the last component is the turn."""
    return bool(residual.jacobian[-1, BG.start + 2])


def base_velocity(state: State) -> tuple[Vector, Array]:
    """Return the velocity in the base's axes, and its derivative by the error state."""
    to_base = rotation.inverse(state.rotation)
    velocity = rotation.turned(to_base, state.velocity)
    jacobian = np.zeros((3, SIZE))
    jacobian[:, THETA] = skew(velocity)
    jacobian[:, V] = rotation.matrix(to_base)
    return velocity, jacobian


def _place(state: State, placement: Placement) -> None:
    """Move the robot to where it is said to be; what it knows of its tilt and biases stays."""
    turn = placement.yaw - euler(state.rotation)[2]
    about = rotation.quaternion(0.0, 0.0, turn)
    up = rotation.matrix(state.rotation)[2]
    change = np.eye(SIZE)
    change[THETA, THETA] -= np.outer(up, up)
    change[V, V] = rotation.matrix(about)
    change[P, P] = 0.0
    covariance = change @ state.covariance @ change.T
    covariance[THETA, THETA] += placement.covariance[3, 3] * np.outer(up, up)
    covariance[P, P] = placement.covariance[:3, :3]
    state.covariance = bounded(covariance)
    state.velocity = rotation.turned(about, state.velocity)
    state.position = placement.position
    state.doubt = Doubt()
    state.rotation = normalised(rotation.product(about, state.rotation))
