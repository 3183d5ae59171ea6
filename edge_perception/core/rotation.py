"""Rotations: matrices from roll, pitch, yaw, and quaternions as x, y, z, w."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
Vector: TypeAlias = tuple[float, float, float]
Quaternion: TypeAlias = tuple[float, float, float, float]
"""Tuples, since with a few numbers Python computes sooner than numpy."""


def vector(numbers: Array) -> Vector:
    """Return an array of three numbers as a tuple."""
    x, y, z = numbers.tolist()
    return x, y, z


def quaternion(roll: float, pitch: float, yaw: float) -> Quaternion:
    """Return the rotation by roll about x, then pitch about y, then yaw about z, all fixed."""
    (cr, sr), (cp, sp), (cy, sy) = (
        (math.cos(angle / 2), math.sin(angle / 2)) for angle in (roll, pitch, yaw)
    )
    return (
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
        cr * cp * cy + sr * sp * sy,
    )


def elements(rotation: Quaternion) -> tuple[float, ...]:
    """Return the nine elements of the matrix of a unit quaternion, row by row."""
    x, y, z, w = rotation
    return (
        *(1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        *(2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        *(2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    )


def matrix(rotation: Quaternion) -> Array:
    """Return the matrix of a unit quaternion."""
    return np.array(elements(rotation)).reshape(3, 3)


def product(a: Quaternion, b: Quaternion) -> Quaternion:
    """Return the rotation by b, then by a."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def turned(rotation: Quaternion, direction: Vector) -> Vector:
    """Return a vector turned by a unit quaternion."""
    qx, qy, qz, qw = rotation
    x, y, z = direction
    tx, ty, tz = 2 * (qy * z - qz * y), 2 * (qz * x - qx * z), 2 * (qx * y - qy * x)
    return (
        x + qw * tx + qy * tz - qz * ty,
        y + qw * ty + qz * tx - qx * tz,
        z + qw * tz + qx * ty - qy * tx,
    )


def inverse(rotation: Quaternion) -> Quaternion:
    """Return the rotation back."""
    x, y, z, w = rotation
    return -x, -y, -z, w
