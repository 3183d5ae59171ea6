"""From the filter's state to messages."""

from __future__ import annotations

import numpy as np

from edge_perception.core.pose.chi_square import quantile
from edge_perception.core.pose.error_state import BG, P, SIZE, THETA, V
from edge_perception.core.pose.filter import base_velocity, Verdict
from edge_perception.core.pose.state import State
from edge_perception.core.rotation import Array
from edge_perception.core.stamps import to_time
from edge_perception.messages.types import (
    Header,
    Odometry,
    Point,
    Pose,
    PoseStatus,
    PoseWithCovariance,
    Quaternion,
    Twist,
    TwistWithCovariance,
    Vector3,
)

_SAMPLE = 0.005
"""Seconds between readings of a usual IMU: its noise in the published angular velocity."""
_ROWS = np.zeros((9, SIZE))
_ROWS[:3, P] = np.eye(3)
"""From the error state to position, attitude in odom, and velocity in the base's axes."""
_DIAGONAL = slice(None, None, 7)


def odometry(state: State, odom_frame: str, base_frame: str) -> Odometry:
    """
    Return pose and twist with their covariances, as nav_msgs/Odometry wants them.

    :param odom_frame: in which the pose is.
    :param base_frame: the robot's, in which the twist is.
    """
    velocity, jacobian = base_velocity(state)
    pose, twist = _covariances(state, jacobian)
    (gx, gy, gz), (bx, by, bz) = state.gyro, state.gyro_bias
    return Odometry(
        header=Header(stamp=to_time(state.stamp), frame_id=odom_frame),
        child_frame_id=base_frame,
        pose=PoseWithCovariance(
            pose=Pose(
                position=Point(*state.position),
                orientation=Quaternion(*state.rotation),
            ),
            covariance=pose.ravel(),
        ),
        twist=TwistWithCovariance(
            twist=Twist(linear=Vector3(*velocity), angular=Vector3(gx - bx, gy - by, gz - bz)),
            covariance=twist.ravel(),
        ),
    )


def pose_covariance(state: State) -> Array:
    """Return the covariance of position and attitude, both in the axes of odom, with all doubt."""
    pose, _ = _covariances(state, base_velocity(state)[1])
    return pose


def _covariances(state: State, jacobian: Array) -> tuple[Array, Array]:
    """
    Return the covariances of pose and twist, 6 x 6 each.

    They are those of at most a twentieth of a second ago (`LONGEST` of a `Stretch`), in which a
    covariance changes by less than anybody could see.

    :param jacobian: of the velocity in the base's axes, by `base_velocity`.
    """
    covariance, doubt = state.settled, state.doubt
    rows = _ROWS.copy()
    rows[3:6, THETA] = jacobian[:, V].T
    rows[6:] = jacobian
    published = rows @ covariance @ rows.T
    pose, twist = published[:6, :6].copy(), np.zeros((6, 6))
    of_pose: Array = pose.reshape(-1)[_DIAGONAL]
    of_pose += (doubt.place**2, doubt.place**2, 0.0, 0.0, 0.0, doubt.heading**2)
    twist[:3, :3] = published[6:, 6:]
    twist[3:, 3:] = covariance[BG, BG]
    noise = state.noise[0] ** 2 / _SAMPLE
    of_twist: Array = twist.reshape(-1)[_DIAGONAL]
    of_twist += (0.0, 0.0, 0.0, noise, noise, noise + doubt.turn**2)
    return pose, twist


def status(state: State, verdicts: list[Verdict], standing: bool, odom_frame: str) -> PoseStatus:
    """
    Return how sure the filter is, by how the wheels fitted.

    :param verdicts: on the wheels' measurements since the last status.
    :param standing: whether the robot stands.
    :param odom_frame: in which the pose is.
    """
    nis, freedom = 0.0, 0
    low = high = 0.0
    if verdicts:
        freedom = verdicts[-1].freedom
        nis = float(np.mean([verdict.nis for verdict in verdicts]))
        count = len(verdicts)
        low, high = (quantile(p, freedom * count) / count for p in (0.025, 0.975))
    used = sum(verdict.used for verdict in verdicts)
    return PoseStatus(
        header=Header(stamp=to_time(state.stamp), frame_id=odom_frame),
        nis=nis,
        nis_freedom=freedom,
        nis_low=low,
        nis_high=high,
        used=used,
        rejected=len(verdicts) - used,
        standing=standing,
        gyro_bias=state.gyro_bias,
        accel_bias=state.accel_bias,
    )
