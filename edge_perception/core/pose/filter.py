"""The filter: what each kind of measurement means to the state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import math
from typing import NamedTuple

import numpy as np

from edge_perception.core import rotation
from edge_perception.core.pose import standstill
from edge_perception.core.pose.chi_square import quantile
from edge_perception.core.pose.correction import forget_speed, Innovation, Residual
from edge_perception.core.pose.error_state import BG, bounded, P, SIZE, THETA, V
from edge_perception.core.pose.measurements import Axis, Inertial, Measurement, Placement, Wheels
from edge_perception.core.pose.motion import advance, advance_by
from edge_perception.core.pose.quaternion import cross, euler, normalised
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
_SPEEDS = (Axis.VX, Axis.VY, Axis.VZ)
_TILT_X, _TILT_Y, _HEIGHT = range(len(Axis), len(Axis) + 3)
"""
What a robot is compared with, beside the axes of its velocity: of the direction upwards x and y in
the base's axes, and the height in odom [m]. They are zero on a level floor.
"""
_ROWS = np.zeros((_HEIGHT + 1, SIZE))
_ROWS[Axis.WZ, BG.start + 2] = -1.0
_ROWS[_HEIGHT, P.start + 2] = 1.0
_BY_TURN_AND_SPEED = np.array(
    [row * SIZE + part.start + i for part in (THETA, V) for row in range(3) for i in range(3)]
)
"""Places of what isn't zero in the derivative of a velocity."""


class Verdict(NamedTuple):
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
        constraints: dict[int, float] = {}
        if settings.slip:
            fixed = [axis for axis in _SPEEDS if axis not in settings.wheel_axes]
            constraints |= dict.fromkeys(fixed, settings.slip)
        if settings.planar:
            height, tilt = settings.floor
            constraints |= {_TILT_X: tilt, _TILT_Y: tilt, _HEIGHT: height}
        self._constraints = list(constraints)
        self._constraint_noise = [deviation**2 for deviation in constraints.values()]

    def after(
        self, state: State, measurements: Iterable[Measurement]
    ) -> tuple[State, list[Verdict | None]]:
        """
        Return the state after measurements, and for each how well it fitted if it is of wheels.

        :param measurements: in the order of their stamps; none is older than the state.
        """
        state = state.copy()
        return state, [self._take(state, measurement) for measurement in measurements]

    def _take(self, state: State, measurement: Measurement) -> Verdict | None:
        """Change the state by a measurement."""
        if isinstance(measurement, Inertial):
            self._predict_by_imu(state, measurement)
            return None
        advance(state, measurement.stamp, self.settings)
        if isinstance(measurement, Placement):
            _place(state, measurement)
            return None
        return self._update_by_wheels(state, measurement)

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
        return self._correct_by_wheels(state, wheels)

    def _correct_by_wheels(self, state: State, wheels: Wheels) -> Verdict | None:
        """Correct the state by what the wheels measured and by how the robot can't move."""
        settings, axes = self.settings, self.settings.wheel_axes
        variances = list(wheels.variances)
        if state.imu_stamp is None or wheels.stamp - state.imu_stamp > settings.imu_hold * SECOND:
            axes = tuple(axis for axis in axes if axis is not Axis.WZ)  # it turned by the wheels
        else:
            variances[Axis.WZ] += (state.noise[0] ** 2) / 0.005
        if not axes and not self._constraints:
            return None
        expected, rows = _expected(state)
        velocity = wheels.velocity
        innovation = Innovation(
            state,
            Residual(
                np.array(
                    [velocity[axis] - expected[axis] for axis in axes]
                    + [-expected[row] for row in self._constraints]
                ),
                rows.take([*axes, *self._constraints], 0),
                np.array([variances[axis] for axis in axes] + self._constraint_noise),
            ),
        )
        verdict: Verdict | None = None
        if axes:
            verdict, innovation = self._gated(state, wheels.stamp, innovation, axes)
        if verdict is None or verdict.used:
            innovation.correct()
        return verdict

    def _gated(
        self, state: State, stamp: int, innovation: Innovation, axes: Sequence[Axis]
    ) -> tuple[Verdict, Innovation]:
        """
        Judge what wheels measured: used if it is plausible, or if none has been for too long.

        :param axes: what was measured; it comes first in the innovation.
        :returns: how well it fits, and what to correct the state by if it is used.
        """
        residual, freedom = innovation.residual, len(axes)
        nis = innovation.surprise(freedom)
        gate = quantile(self.settings.gate, freedom)
        if nis <= gate:
            state.rejecting = None
            self._doubt_turn(state, innovation, axes)
            return Verdict(stamp, nis, freedom, True), innovation
        odd = axes[innovation.worst(freedom)]
        if state.rejecting is None or state.rejecting > stamp:
            state.rejecting = stamp
        grave = nis > _GRAVE * gate
        patient = stamp - state.rejecting < self.settings.patience * SECOND
        slip = _slip(residual, axes)
        if grave or not patient:
            seconds = (stamp - state.doubted) / SECOND
            turn = abs(float(residual.value[freedom - 1]))
            differ = (turn, 0.0) if odd is Axis.WZ else (0.0, slip)
            state.doubt, state.doubted = state.doubt.contradicted(*differ, seconds), stamp
        if patient:
            return Verdict(stamp, nis, freedom, False, odd), innovation
        # it is the state that is wrong, or the wheels are for long
        self._doubt_turn(state, innovation, axes)
        drawn = range(freedom)
        if grave and odd is not Axis.WZ:
            forget_speed(state, slip, self.settings.accel_bias)
            innovation = Innovation(state, residual)
            drawn = drawn[axes.index(Axis.WZ) :] if Axis.WZ in axes else drawn[:0]
        for component in drawn:  # to the measurement, but not all at once
            innovation.doubt(component, residual.noise[component] * (nis / gate - 1))
        return Verdict(stamp, nis, freedom, True, odd), innovation

    def _doubt_turn(self, state: State, innovation: Innovation, axes: Sequence[Axis]) -> None:
        """Learn less from a turn than its noise alone would allow: its error does not average."""
        if Axis.WZ in axes:
            lasting = _LASTING * (self.settings.turn_error * state.turn[0]) ** 2
            innovation.doubt(axes.index(Axis.WZ), lasting)


def _slip(residual: Residual, axes: Sequence[Axis]) -> float:
    """Return the difference of the speeds [m/s]."""
    speeds = len(axes) - (Axis.WZ in axes)
    return float(np.linalg.norm(residual.value[:speeds]))


def _expected(state: State) -> tuple[tuple[float, ...], Array]:
    """Return all that a robot is compared with, by `Axis` and `_TILT_X` on, and its derivative."""
    velocity, jacobian = base_velocity(state)
    up = rotation.turned(rotation.inverse(state.rotation), (0.0, 0.0, 1.0))
    x, y, z = up
    rows = _ROWS.copy()
    rows[: Axis.WZ] = jacobian
    rows[_TILT_X:_HEIGHT, THETA] = (0.0, -z, y), (z, 0.0, -x)
    turn = state.gyro[2] - state.gyro_bias[2]
    return (*velocity, turn, x, y, state.position[2]), rows


def base_velocity(state: State) -> tuple[Vector, Array]:
    """Return the velocity in the base's axes, and its derivative by the error state."""
    to_base = rotation.inverse(state.rotation)
    velocity = rotation.turned(to_base, state.velocity)
    jacobian = np.zeros((3, SIZE))
    jacobian.put(_BY_TURN_AND_SPEED, cross(velocity) + rotation.elements(to_base))
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
