"""Transforms that a node publishes, and others who publish the same."""

from __future__ import annotations

from collections import deque

from edge_perception import messages
from edge_perception.core.node import Message

_TransformStamped = messages.get("geometry_msgs/msg/TransformStamped")
_TFMessage = messages.get("tf2_msgs/msg/TFMessage")
_Transform = messages.get("geometry_msgs/msg/Transform")
_Vector3 = messages.get("geometry_msgs/msg/Vector3")

_REMEMBERED = 500


class OdometryTransform:
    """The transform that goes with an odometry. A frame has one parent and one publisher."""

    def __init__(self) -> None:
        self._own: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)

    def message(self, odometry: Message) -> Message:
        """Return the transform as a message for /tf."""
        stamp, pose = odometry.header.stamp, odometry.pose.pose
        self._own.append((stamp.sec, stamp.nanosec))
        position = pose.position
        transform = _Transform(
            translation=_Vector3(position.x, position.y, position.z), rotation=pose.orientation
        )
        return _TFMessage(
            transforms=[
                _TransformStamped(
                    header=odometry.header,
                    child_frame_id=odometry.child_frame_id,
                    transform=transform,
                )
            ]
        )

    def rival(self, heard: Message, child: str) -> str:
        """
        Say who else gives a frame a parent.

        :param heard: a message of /tf; it may be an own one.
        :returns: the transform; empty if there is none but the own.
        """
        for one in heard.transforms:
            stamp = one.header.stamp
            if one.child_frame_id == child and (stamp.sec, stamp.nanosec) not in self._own:
                return f"{one.header.frame_id} -> {child}"
        return ""
