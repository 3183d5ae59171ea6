"""From the filter's state to messages."""

from __future__ import annotations

import numpy as np

from edge_perception import messages
from edge_perception.core import rotation
from edge_perception.core.node import Message
from edge_perception.core.pose.chi_square import quantile
from edge_perception.core.pose.error_state import BG, P, THETA
from edge_perception.core.pose.filter import base_velocity, Verdict
from edge_perception.core.pose.state import State
from edge_perception.core.rotation import Array
from edge_perception.core.stamps import to_time

_Header = messages.get("std_msgs/msg/Header")
_Odometry = messages.get("nav_msgs/msg/Odometry")
_Point = messages.get("geometry_msgs/msg/Point")
_Pose = messages.get("geometry_msgs/msg/Pose")
_PoseWithCovariance = messages.get("geometry_msgs/msg/PoseWithCovariance")
_Quaternion = messages.get("geometry_msgs/msg/Quaternion")
_Status = messages.get("edge_perception/msg/PoseStatus")
_TFMessage = messages.get("tf2_msgs/msg/TFMessage")
_Transform = messages.get("geometry_msgs/msg/Transform")
_TransformStamped = messages.get("geometry_msgs/msg/TransformStamped")
_Twist = messages.get("geometry_msgs/msg/Twist")
_TwistWithCovariance = messages.get("geometry_msgs/msg/TwistWithCovariance")
_Vector3 = messages.get("geometry_msgs/msg/Vector3")

_SAMPLE = 0.005
"""Seconds between readings of a usual IMU: its noise in the published angular velocity."""


def odometry(state: State, odom_frame: str, base_frame: str) -> Message:
    """Return pose and twist with their covariances, as nav_msgs/Odometry wants them."""
    velocity, jacobian = base_velocity(state)
    (gx, gy, gz), (bx, by, bz) = state.gyro, state.gyro_bias
    return _Odometry(
        header=_Header(stamp=to_time(state.stamp), frame_id=odom_frame),
        child_frame_id=base_frame,
        pose=_PoseWithCovariance(
            pose=_Pose(
                position=_Point(*state.position),
                orientation=_Quaternion(*state.rotation),
            ),
            covariance=pose_covariance(state).ravel(),
        ),
        twist=_TwistWithCovariance(
            twist=_Twist(linear=_Vector3(*velocity), angular=_Vector3(gx - bx, gy - by, gz - bz)),
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


def transform(odometry_: Message) -> Message:
    """Return the same pose as a transform for /tf."""
    pose = odometry_.pose.pose
    place = pose.position
    return _TFMessage(
        transforms=[
            _TransformStamped(
                header=odometry_.header,
                child_frame_id=odometry_.child_frame_id,
                transform=_Transform(
                    translation=_Vector3(place.x, place.y, place.z), rotation=pose.orientation
                ),
            )
        ]
    )


def status(state: State, verdicts: list[Verdict], standing: bool, odom_frame: str) -> Message:
    """Return how sure the filter is, by how the wheels fitted."""
    nis, freedom = 0.0, 0
    low = high = 0.0
    if verdicts:
        freedom = verdicts[-1].freedom
        nis = float(np.mean([verdict.nis for verdict in verdicts]))
        count = len(verdicts)
        low, high = (quantile(p, freedom * count) / count for p in (0.025, 0.975))
    used = sum(verdict.used for verdict in verdicts)
    return _Status(
        header=_Header(stamp=to_time(state.stamp), frame_id=odom_frame),
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
