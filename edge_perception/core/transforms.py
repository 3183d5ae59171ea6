"""The transform from odom to base: made of poses, and watched for a second publisher."""

from __future__ import annotations

from edge_perception.core.stamps import nanoseconds
from edge_perception.messages.types import (
    Odometry,
    TFMessage,
    Transform,
    TransformStamped,
    Vector3,
)

_KEPT = 200


class Transforms:
    """Makes transforms, and tells them from those of others."""

    def __init__(self, odom_frame: str, base_frame: str) -> None:
        self._odom = odom_frame
        self._base = base_frame
        self._sent: dict[int, tuple[float, float]] = {}

    def make(self, odometry: Odometry) -> TFMessage:
        """Return the pose as a transform."""
        place = odometry.pose.pose.position
        self._sent[nanoseconds(odometry.header.stamp)] = (place.x, place.y)
        if len(self._sent) > _KEPT:
            del self._sent[next(iter(self._sent))]
        return _transform(odometry)

    def conflict(self, heard: TFMessage) -> str:
        """Return what is wrong with transforms on /tf, own ones included; empty if nothing is."""
        for one in heard.transforms:
            if one.child_frame_id != self._base:
                continue
            place = one.transform.translation
            own = self._sent.get(nanoseconds(one.header.stamp)) == (place.x, place.y)
            if own and one.header.frame_id == self._odom:
                continue
            return (
                f"another node publishes the transform {one.header.frame_id} -> {self._base} on "
                "/tf too, and the robot will seem to jump to and fro; set publish_tf to false "
                "here or there"
            )
        return ""


def _transform(odometry: Odometry) -> TFMessage:
    """Return a pose as a message for /tf."""
    pose = odometry.pose.pose
    place = pose.position
    transform = TransformStamped(
        header=odometry.header,
        child_frame_id=odometry.child_frame_id,
        transform=Transform(
            translation=Vector3(place.x, place.y, place.z), rotation=pose.orientation
        ),
    )
    return TFMessage(transforms=[transform])
