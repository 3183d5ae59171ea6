"""Rotations: matrices from roll, pitch, yaw, and quaternions as x, y, z, w."""

from __future__ import annotations

from collections.abc import Sequence
import math

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def quaternion(roll: float, pitch: float, yaw: float) -> Array:
    """Return the rotation by roll about x, then pitch about y, then yaw about z, all fixed."""
    (cr, sr), (cp, sp), (cy, sy) = (
        (math.cos(angle / 2), math.sin(angle / 2)) for angle in (roll, pitch, yaw)
    )
    return np.array(
        [
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
            cr * cp * cy + sr * sp * sy,
        ]
    )


def matrix(rotation: Sequence[float] | Array) -> Array:
    """Return the matrix of a unit quaternion."""
    x, y, z, w = map(float, rotation)  # numpy's own numbers are slow one by one
    return np.array(
        (
            *(1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
            *(2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
            *(2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
        )
    ).reshape(3, 3)


def product(a: Sequence[float] | Array, b: Sequence[float] | Array) -> Array:
    """Return the rotation by b, then by a."""
    ax, ay, az, aw = map(float, a)
    bx, by, bz, bw = map(float, b)
    return np.array(
        [
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
            aw * bw - ax * bx - ay * by - az * bz,
        ]
    )


def inverse(rotation: Sequence[float] | Array) -> Array:
    """Return the rotation back."""
    x, y, z, w = rotation
    return np.array([-x, -y, -z, w])
