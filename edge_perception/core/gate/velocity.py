"""Velocities, as geometry_msgs/msg/Twist: whether they make sense, and how they are limited."""

from __future__ import annotations

from collections.abc import Iterator
import math
import sys

from edge_perception.messages.types import Twist, Vector3

_PARTS = ("linear", "angular")
_AXES = ("x", "y", "z")


def nonsense(twist: Twist) -> str:
    """Name the first number that isn't finite; empty if all are."""
    for name, value in _numbers(twist):
        if not math.isfinite(value):
            return f"{name} is {value:g}"
    return ""


def nonsense_limit(limit: Twist) -> str:
    """Name the first number that is no limit of a speed; empty if there is none."""
    for name, value in (("linear.x", limit.linear.x), ("angular.z", limit.angular.z)):
        if not 0 <= value < math.inf:
            return f"{name} is {value:g}"
    return ""


def speeds(twist: Twist) -> tuple[float, float]:
    """Return how fast it moves [m/s] and turns [rad/s], whatever the direction."""
    linear, angular = twist.linear, twist.angular
    return (
        math.hypot(linear.x, linear.y, linear.z),
        math.hypot(angular.x, angular.y, angular.z),
    )


def allowance(limit: Twist) -> tuple[float, float]:
    """Return the greatest speed [m/s] and the greatest turning speed [rad/s] of a limit."""
    return limit.linear.x, limit.angular.z


def limited(twist: Twist, limit: Twist) -> Twist:
    """
    Slow a velocity down to a limit.

    All of its numbers are multiplied by one factor, so the robot stays on the path that was meant:
    if it may not turn as fast as that takes, it does not drive on straight.

    :param twist: finite.
    :param limit: greatest speed in linear.x, greatest turning speed in angular.z.
    """
    factor = min(
        most / speed if speed > most else 1.0
        for speed, most in zip(speeds(twist), allowance(limit), strict=True)
    )
    if factor == 1:
        return twist
    if factor < sys.float_info.min:  # a denormal number has too few digits to keep to a limit
        factor = 0.0
    return Twist(*(_times(getattr(twist, part), factor) for part in _PARTS))


def is_stop(twist: Twist) -> bool:
    """Return whether the robot is to stand."""
    return not any(value for _, value in _numbers(twist))


def _numbers(twist: Twist) -> Iterator[tuple[str, float]]:
    for part in _PARTS:
        for axis in _AXES:
            yield f"{part}.{axis}", getattr(getattr(twist, part), axis)


def _times(vector: Vector3, factor: float) -> Vector3:
    return Vector3(vector.x * factor, vector.y * factor, vector.z * factor)
