"""What a state can't be, whatever was measured: such a one is never published."""

from __future__ import annotations

import math

from edge_perception.core.plausible import FARTHEST
from edge_perception.core.pose.settings import Settings
from edge_perception.core.pose.state import State
from edge_perception.core.rotation import Vector

_BIASES = 0.6, 10.0
"""Biases beyond which a gyroscope [rad/s] or accelerometer [m/s²] is of no use."""
_LEVEL = math.cos(math.radians(45))
"""Cosine of a tilt that no level floor has."""


def fault(state: State, settings: Settings) -> str:
    """Return why a state can't be true; empty if it can."""
    covariance = state.settled  # what has been added since is as sound as the motion is
    speed, far = _length(state.velocity), _length(state.position)
    gyro, accel = _length(state.gyro_bias), _length(state.accel_bias)
    x, y, _, _ = state.rotation
    upright = 1 - 2 * (x * x + y * y)
    if not math.isfinite(speed + far + gyro + accel + upright + float(covariance.sum())):
        return "it holds NaN or infinity"
    if float(covariance.diagonal().min()) < 0:
        return "its covariance is negative"
    if speed > settings.max_speed:
        return f"its speed is {speed:.0f} m/s, more than max_speed ({settings.max_speed:g})"
    if far > FARTHEST:
        return f"it is {far:.3g} m away from the origin"
    if gyro > _BIASES[0] or accel > _BIASES[1]:
        return (
            f"the biases of gyroscope and accelerometer would be {gyro:.2g} rad/s and "
            f"{accel:.2g} m/s²"
        )
    if settings.planar and upright < _LEVEL:
        return "the robot would lie on its side, though planar is true"
    return ""


def _length(vector: Vector) -> float:
    return math.hypot(*vector)
