"""From the filter's state to messages."""

from __future__ import annotations

import numpy as np

from edge_perception.core import rotation
from edge_perception.core.pose.chi_square import quantile
from edge_perception.core.pose.error_state import BG, P, THETA
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


def odometry(state: State, odom_frame: str, base_frame: str) -> Odometry:
    """
    Return pose and twist with their covariances, as nav_msgs/Odometry wants them.

    :param odom_frame: in which the pose is.
    :param base_frame: the robot's, in which the twist is.
    """
    velocity, jacobian = base_velocity(state)
    (gx, gy, gz), (bx, by, bz) = state.gyro, state.gyro_bias
    return Odometry(
        header=Header(stamp=to_time(state.stamp), frame_id=odom_frame),
        child_frame_id=base_frame,
        pose=PoseWithCovariance(
            pose=Pose(
                position=Point(*state.position),
                orientation=Quaternion(*state.rotation),
            ),
            covariance=pose_covariance(state).ravel(),
        ),
        twist=TwistWithCovariance(
            twist=Twist(linear=Vector3(*velocity), angular=Vector3(gx - bx, gy - by, gz - bz)),
            covariance=_twist_covariance(state, jacobian).ravel(),
        ),
    )


def pose_covariance(state: State) -> Array:
    """Return the covariance of position and attitude, both in the axes of odom, with all doubt."""
    turn = rotation.matrix(state.rotation)
    covariance = state.covariance
    result = np.empty((6, 6))
    result[:3, :3] = covariance[P, P]
    result[:3, 3:] = covariance[P, THETA] @ turn.T
    result[3:, :3] = result[:3, 3:].T
    result[3:, 3:] = turn @ covariance[THETA, THETA] @ turn.T
    result[0, 0] += state.doubt.place**2
    result[1, 1] += state.doubt.place**2
    result[5, 5] += state.doubt.heading**2
    return result


def _twist_covariance(state: State, jacobian: Array) -> Array:
    result = np.zeros((6, 6))
    result[:3, :3] = jacobian @ state.covariance @ jacobian.T
    result[3:, 3:] = state.covariance[BG, BG] + np.eye(3) * state.noise[0] ** 2 / _SAMPLE
    result[5, 5] += state.doubt.turn**2
    return result


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
