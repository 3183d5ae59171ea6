"""Add up small motions to a pose, with a covariance that grows with them."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np
import numpy.typing as npt

from edge_perception.core import rotation
from edge_perception.core.stamps import to_time
from edge_perception.core.wheels.geometry import Motion
from edge_perception.messages.types import (
    Header,
    Odometry,
    Point,
    Pose,
    PoseWithCovariance,
    Quaternion,
    Twist,
    TwistWithCovariance,
    Vector3,
)

Matrix = npt.NDArray[np.float64]

_NOT_MEASURED = 1e6
"""Variance of what wheels say nothing about: height, roll, pitch."""
_UNMEASURED = np.diag([0.0, 0.0, _NOT_MEASURED, _NOT_MEASURED, _NOT_MEASURED, 0.0])
_PLANAR = np.ix_((0, 1, 5), (0, 1, 5))
_LEAST_TWIST_VARIANCE = 1e-6
_SLIP = 100.0
"""Factor of the variance while wheels slip."""


@dataclass(frozen=True)
class MotionErrors:
    """
    How uncertain a motion is; variances grow in proportion to the way.

    :ivar distance: standard deviation after one metre [m].
    :ivar heading: standard deviation after one metre [rad].
    :ivar turning: standard deviation after turning by one radian [rad].
    :ivar resolution: way of the smallest step of an encoder [m].
    """

    distance: float
    heading: float
    turning: float
    resolution: float

    def variances(self, motion: Motion, track: float, slips: bool) -> tuple[float, float, float]:
        """
        Return the variances of a motion: forward [m²], left [m²], turn [rad²].

        :param track: distance between left and right wheels [m].
        :param slips: whether the wheels slip, which makes the motion much less certain.
        """
        way = math.hypot(motion.forward, motion.left)
        digits = self.resolution**2 / 6 if way or motion.turn else 0.0
        along = self.distance**2 * way + digits
        turn = self.heading**2 * way + self.turning**2 * abs(motion.turn)
        turn += digits * 2 / track**2
        factor = _SLIP if slips else 1.0
        return along * factor, self.distance**2 * way * factor, turn * factor


class DeadReckoning:
    """
    Where the robot is, as its wheels see it.

    :ivar covariance: of x, y and heading.
    """

    def __init__(self) -> None:
        self.x = self.y = self.heading = 0.0
        self.covariance: Matrix = np.zeros((3, 3))

    def move(self, motion: Motion, variances: tuple[float, float, float]) -> None:
        """Add a motion."""
        forward, left = motion.displacement()
        cosine, sine = math.cos(self.heading), math.sin(self.heading)
        dx, dy = forward * cosine - left * sine, forward * sine + left * cosine
        # errors of the heading before turn the displacement; half of this turn's error does too
        carry = np.array([[1, 0, -dy], [0, 1, dx], [0, 0, 1]])
        enter = np.array([[cosine, -sine, -dy / 2], [sine, cosine, dx / 2], [0, 0, 1]])
        self.covariance = carry @ self.covariance @ carry.T + (enter * variances) @ enter.T
        self.x += dx
        self.y += dy
        self.heading = math.remainder(self.heading + motion.turn, 2 * math.pi)

    def message(
        self,
        motion: Motion,
        variances: tuple[float, float, float],
        interval: float,
        stamp: int,
        frames: tuple[str, str],
    ) -> Odometry:
        """
        Return pose and velocities as nav_msgs/Odometry.

        :param motion: the last one, and its variances.
        :param interval: that it took [s]; 0: unknown, it stands.
        :param frames: of the pose, and of the robot.
        """
        rate = 1 / interval if interval else 0.0
        heading = rotation.quaternion(0.0, 0.0, self.heading)
        twist = np.diag(np.maximum(np.array(variances) * rate**2, _LEAST_TWIST_VARIANCE))
        return Odometry(
            header=Header(stamp=to_time(stamp), frame_id=frames[0]),
            child_frame_id=frames[1],
            pose=PoseWithCovariance(
                pose=Pose(Point(self.x, self.y, 0.0), Quaternion(*heading)),
                covariance=_spatial(self.covariance),
            ),
            twist=TwistWithCovariance(
                twist=Twist(
                    Vector3(motion.forward * rate, motion.left * rate, 0.0),
                    Vector3(0.0, 0.0, motion.turn * rate),
                ),
                covariance=_spatial(twist),
            ),
        )


def _spatial(planar: Matrix) -> Matrix:
    """Return the covariance of x, y and turning as that of a ROS message: 36 numbers."""
    full: Matrix = _UNMEASURED.copy()
    full[_PLANAR] = planar
    return full.reshape(-1)
