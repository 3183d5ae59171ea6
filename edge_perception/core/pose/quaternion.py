"""What the filter needs of rotations, beside `edge_perception.core.rotation`."""

from __future__ import annotations

import math

from edge_perception.core.rotation import Quaternion, quaternion, Vector

_TINY = 1e-8


def exponential(x: float, y: float, z: float) -> Quaternion:
    """Return the unit quaternion of a rotation vector [rad]."""
    angle = math.sqrt(x * x + y * y + z * z)
    scale = math.sin(angle / 2) / angle if angle > _TINY else 0.5
    return scale * x, scale * y, scale * z, math.cos(angle / 2)


def cross(vector: Vector) -> tuple[float, ...]:
    """Return the nine elements of the matrix of the cross product with a vector, row by row."""
    x, y, z = vector
    return 0.0, -z, y, z, 0.0, -x, -y, x, 0.0


def normalised(rotation: Quaternion) -> Quaternion:
    """Return a quaternion of unit length."""
    x, y, z, w = rotation
    length = math.sqrt(x * x + y * y + z * z + w * w)
    return x / length, y / length, z / length, w / length


def level(up: Vector) -> Quaternion:
    """Return the rotation without yaw that turns a direction, seen from the base, upwards."""
    x, y, z = up
    return quaternion(math.atan2(y, z), math.atan2(-x, math.hypot(y, z)), 0.0)


def euler(rotation: Quaternion) -> Vector:
    """Return roll, pitch and yaw [rad]."""
    x, y, z, w = rotation
    sine = max(-1.0, min(1.0, 2 * (w * y - z * x)))
    return (
        math.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y)),
        math.asin(sine),
        math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)),
    )
