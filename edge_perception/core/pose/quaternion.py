"""What the filter needs of rotations, beside `edge_perception.core.rotation`."""

from __future__ import annotations

import math

import numpy as np

from edge_perception.core.pose.state import Array
from edge_perception.core.rotation import quaternion

_TINY = 1e-8


def exponential(x: float, y: float, z: float) -> tuple[float, float, float, float]:
    """Return the unit quaternion of a rotation vector [rad]."""
    angle = math.sqrt(x * x + y * y + z * z)
    scale = math.sin(angle / 2) / angle if angle > _TINY else 0.5
    return scale * x, scale * y, scale * z, math.cos(angle / 2)


def skew(vector: Array) -> Array:
    """Return the matrix of the cross product with a vector."""
    x, y, z = vector.tolist()
    return np.array((0.0, -z, y, z, 0.0, -x, -y, x, 0.0)).reshape(3, 3)


def normalised(rotation: Array) -> Array:
    """Return a quaternion of unit length."""
    return rotation / math.sqrt(float(rotation @ rotation))


def level(up: Array) -> Array:
    """Return the rotation without yaw that turns a direction, seen from the base, upwards."""
    x, y, z = up.tolist()
    return quaternion(math.atan2(y, z), math.atan2(-x, math.hypot(y, z)), 0.0)


def euler(rotation: Array) -> tuple[float, float, float]:
    """Return roll, pitch and yaw [rad]."""
    x, y, z, w = rotation.tolist()
    sine = max(-1.0, min(1.0, 2 * (w * y - z * x)))
    return (
        math.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y)),
        math.asin(sine),
        math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)),
    )
