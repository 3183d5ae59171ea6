"""True motions with exact derivatives: splines through recorded poses, after a standstill."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import make_interp_spline, make_smoothing_spline
from scipy.spatial.transform import Rotation, RotationSpline

from bench.pose.data import Array

GRAVITY = np.array([0.0, 0.0, 9.80665])
RATE = 200
STANDS = 5.0
"""Seconds of standing at the start, and then to get to speed."""
STARTS = 2.0


@dataclass(frozen=True)
class Motion:
    """
    A true motion, 200 times a second.

    :ivar times: [s].
    :ivar position: in odom [m].
    :ivar rotation: quaternion x, y, z, w.
    :ivar velocity: in the base's axes [m/s].
    :ivar angular: velocity in the base's axes [rad/s].
    :ivar force: specific force in the base's axes [m/s²].
    """

    name: str
    planar: bool
    times: Array
    position: Array
    rotation: Array
    velocity: Array
    angular: Array
    force: Array

    @property
    def length(self) -> float:
        """Return the length of the way [m]."""
        return float(np.linalg.norm(np.diff(self.position, axis=0), axis=1).sum())


def clock(duration: float) -> tuple[Array, Array, Array, Array]:
    """Return times, and the time in the recording with its derivatives: it sets off smoothly."""
    times = np.arange(round((STANDS + STARTS / 2 + duration) * RATE)) / RATE
    s = np.clip((times - STANDS) / STARTS, 0, 1)
    own = STARTS * (s**6 - 3 * s**5 + 2.5 * s**4) + np.maximum(times - STANDS - STARTS, 0)
    pace = 6 * s**5 - 15 * s**4 + 10 * s**3
    change = (30 * s**4 - 60 * s**3 + 30 * s**2) / STARTS
    return times, own, pace, change


def in_space(
    name: str, times: Array, positions: Array, quaternions: Array, every: float
) -> Motion:
    """
    Return the motion along recorded poses.

    :param every: seconds between the poses that splines go through; those between are averaged,
        which takes off the noise of the motion capture.
    """
    knots, positions = average(times, positions, every)
    signs = np.cumprod(np.where((quaternions[1:] * quaternions[:-1]).sum(1) < 0, -1.0, 1.0))
    quaternions = quaternions * np.concatenate([[1.0], signs])[:, None]
    _, quaternions = average(times, quaternions, every)
    place = make_interp_spline(knots, positions, k=5)
    turn = RotationSpline(knots, Rotation.from_quat(quaternions))
    now, own, pace, change = clock(knots[-1])
    rotation = turn(own)
    to_base = rotation.inv()
    velocity = place(own, 1) * pace[:, None]
    acceleration = place(own, 2) * pace[:, None] ** 2 + place(own, 1) * change[:, None]
    # the heading at the start is zero by definition
    home = Rotation.from_euler("z", -rotation[0].as_euler("ZYX")[0])
    return Motion(
        name,
        False,
        now,
        home.apply(place(own) - place(0.0)),
        (home * rotation).as_quat(),
        to_base.apply(velocity),
        turn(own, 1) * pace[:, None],
        to_base.apply(acceleration + GRAVITY),
    )


def on_floor(name: str, times: Array, places: Array, yaws: Array, every: float) -> Motion:
    """
    Return the motion of a robot on wheels that drives with recorded speeds and headings.

    It can't move sideways, so its way is what follows from these, and near the recorded one.
    """
    knots, states = average(times, np.column_stack([places, np.unwrap(yaws)]), every)
    heading = make_interp_spline(knots, states[:, 2], k=5)
    way = make_interp_spline(knots, states[:, :2], k=5)
    along = [(way(t, 1) * [np.cos(heading(t)), np.sin(heading(t))]).sum() for t in knots]
    drive = make_smoothing_spline(knots, np.array(along), lam=every**3)
    now, own, pace, change = clock(knots[-1])
    speed = drive(own) * pace
    acceleration = drive(own, 1) * pace**2 + drive(own) * change
    yaw, turn = heading(own) - heading(0.0), heading(own, 1) * pace
    zero = np.zeros_like(now)
    rates = make_interp_spline(now, np.column_stack([speed * np.cos(yaw), speed * np.sin(yaw)]))
    place = rates.antiderivative()(now)
    return Motion(
        name,
        True,
        now,
        np.column_stack([place, zero]),
        Rotation.from_euler("z", yaw[:, None]).as_quat(),
        np.column_stack([speed, zero, zero]),
        np.column_stack([zero, zero, turn]),
        np.column_stack([acceleration, speed * turn, zero]) + GRAVITY,
    )


def average(times: Array, values: Array, every: float) -> tuple[Array, Array]:
    """Return times, from 0, and values, both averaged over so many seconds."""
    bins = np.floor((times - times[0]) / every).astype(int)
    _, inverse, counts = np.unique(bins, return_inverse=True, return_counts=True)
    table = np.column_stack([times, values])
    means = np.zeros((counts.size, table.shape[1]))
    np.add.at(means, inverse, table)
    means /= counts[:, None]
    return means[:, 0] - means[0, 0], means[:, 1:]
