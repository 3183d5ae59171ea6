"""What all messages have in common on their way to measurements; and poses that are set."""

from __future__ import annotations

import math

import numpy as np

from edge_perception.core.freshness import AHEAD
from edge_perception.core.plausible import FARTHEST
from edge_perception.core.pose.measurements import Placement
from edge_perception.core.pose.quaternion import euler
from edge_perception.core.stamps import nanoseconds, SECOND, Stamped
from edge_perception.messages.types import PoseWithCovarianceStamped

_POSE_ROWS = np.ix_((0, 1, 2, 5), (0, 1, 2, 5))


class ReadingError(Exception):
    """A message that can't be used: why, and what to do, in one sentence."""


def read_placement(
    message: PoseWithCovarianceStamped, now: int, topic: str, frame: str
) -> Placement:
    """
    Return where the robot is said to be.

    :param now: ROS time [ns]; that of the pose if the message has none.
    :param topic: that it came on, for the sentence.
    :param frame: in which it must be.
    :raises ReadingError: if the message does not say it.
    """
    stamp = nanoseconds(message.header.stamp) or now
    if stamp > now + AHEAD:
        raise ReadingError(f"{topic} is stamped {(stamp - now) / SECOND:.3f} s in the future")
    check_frame(message.header.frame_id, frame, topic, "odom_frame")
    pose = message.pose.pose
    position = (pose.position.x, pose.position.y, pose.position.z)
    turn = (pose.orientation.x, pose.orientation.y, pose.orientation.z, pose.orientation.w)
    covariance = np.array(message.pose.covariance, float).reshape(6, 6)[_POSE_ROWS]
    there = all(abs(value) <= FARTHEST for value in position)
    if not (there and abs(math.hypot(*turn) - 1) < 0.005):
        raise ReadingError(
            f"{topic} holds no pose: position {list(position)}, orientation {list(turn)}, "
            "which must be a unit quaternion"
        )
    covariance = 0.5 * (covariance + covariance.T)
    if not np.isfinite(covariance).all() or float(np.linalg.eigvalsh(covariance)[0]) < 0:
        raise ReadingError(f"the covariance of {topic} is not positive; leave it at 0 if unknown")
    return Placement(stamp, position, euler(turn)[2], covariance + 1e-6 * np.eye(4))


def stamp_of(message: Stamped, topic: str, now: int) -> int:
    """
    Return when a message was measured [ns].

    :param topic: that it came on, for the sentence.
    :param now: ROS time [ns].
    :raises ReadingError: if it does not say so, or names a time that has not come.
    """
    stamp = nanoseconds(message.header.stamp)
    if stamp <= 0:
        raise ReadingError(
            f"{topic} carries no time (header.stamp is 0); let its driver stamp what it measures"
        )
    if stamp > now + AHEAD:
        raise ReadingError(
            f"{topic} is stamped {(stamp - now) / SECOND:.3f} s in the future; make its driver "
            "use the clock that this node uses (use_sim_time?)"
        )
    return stamp


def check_frame(frame: str, wanted: str, topic: str, parameter: str, prefix: str = "") -> None:
    """
    Compare a frame with the wanted one.

    :param wanted: empty: any.
    :param topic: of the message, for the sentence.
    :param parameter: that says which frame is wanted.
    :param prefix: of the field frame_id: "child_", or nothing.
    :raises ReadingError: if it is another one.
    """
    if wanted and frame != wanted:
        raise ReadingError(
            f"{prefix}frame_id of {topic} is {frame!r}, but {wanted!r} was expected; set it in "
            f"the driver, or set {parameter} if {frame or 'another'!r} is right"
        )
