"""How the turning of wheels moves a robot: differential, Ackermann and mecanum drives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import math

_STRAIGHT = 1e-6
"""Angle [rad] below which an arc is a line to the last digit."""


@dataclass(frozen=True)
class Dimensions:
    """
    Of the robot [m].

    :ivar wheel_radius: as rolled, under load.
    :ivar track: between left and right wheels.
    :ivar wheelbase: between front and rear axles.
    """

    wheel_radius: float
    track: float
    wheelbase: float


@dataclass(frozen=True)
class Motion:
    """
    A small motion in the robot's own axes, at constant velocities.

    :ivar forward: length of the way [m].
    :ivar left: [m].
    :ivar turn: counterclockwise [rad].
    """

    forward: float
    left: float
    turn: float

    def displacement(self) -> tuple[float, float]:
        """
        Return where the robot is after it, in its axes from before: forward and left [m].

        The exact arc (the exponential of SE(2)).
        """
        if abs(self.turn) < _STRAIGHT:
            sine, cosine = 1.0, self.turn / 2
        else:
            sine = math.sin(self.turn) / self.turn
            cosine = (1 - math.cos(self.turn)) / self.turn
        return (
            self.forward * sine - self.left * cosine,
            self.forward * cosine + self.left * sine,
        )


@dataclass(frozen=True)
class Geometry:
    """
    A kind of drive.

    :ivar encoders: what is measured, in the order of the joints.
    :ivar motion: from the angles by which these turned [rad] to the motion. A steering is not
        turned but stands at its mean angle.
    :ivar steered: whether the last encoder is a steering.
    :ivar sideways: whether it can move to the side.
    """

    encoders: tuple[str, ...]
    motion: Callable[[Sequence[float], Dimensions], Motion]
    steered: bool = False
    sideways: bool = False


def _differential(angles: Sequence[float], size: Dimensions) -> Motion:
    left, right = (angle * size.wheel_radius for angle in angles)
    return Motion((left + right) / 2, 0.0, (right - left) / size.track)


def _ackermann(angles: Sequence[float], size: Dimensions) -> Motion:
    left, right, steering = angles
    forward = (left + right) / 2 * size.wheel_radius
    return Motion(forward, 0.0, forward * math.tan(steering) / size.wheelbase)


def _mecanum(angles: Sequence[float], size: Dimensions) -> Motion:
    front_left, front_right, rear_left, rear_right = (
        angle * size.wheel_radius / 4 for angle in angles
    )
    return Motion(
        front_left + front_right + rear_left + rear_right,
        -front_left + front_right + rear_left - rear_right,
        2 * (-front_left + front_right - rear_left + rear_right) / (size.track + size.wheelbase),
    )


GEOMETRIES = {
    "differential": Geometry(("left", "right"), _differential),
    "ackermann": Geometry(("rear left", "rear right", "steering"), _ackermann, steered=True),
    "mecanum": Geometry(
        ("front left", "front right", "rear left", "rear right"), _mecanum, sideways=True
    ),
}
"""By the value of the parameter ``geometry``."""
