"""How the robot moves, as rules see it."""

from __future__ import annotations

from dataclasses import dataclass
import math

from edge_perception.core.node import Message


@dataclass(frozen=True)
class Motion:
    """
    Speed and way.

    :ivar speed: [m/s], whatever the direction.
    :ivar distance: travelled since the decision node was started [m].
    """

    speed: float = 0.0
    distance: float = 0.0

    def after(self, odometry: Message, before: Message | None) -> Motion:
        """
        Return the motion after a new odometry.

        :param odometry: a nav_msgs/msg/Odometry.
        :param before: the one before; None if there was none.
        """
        velocity = odometry.twist.twist.linear
        speed = math.hypot(velocity.x, velocity.y, velocity.z)
        if before is None:
            return Motion(speed, self.distance)
        here, there = odometry.pose.pose.position, before.pose.pose.position
        way = math.hypot(here.x - there.x, here.y - there.y, here.z - there.z)
        return Motion(speed, self.distance + way)

    def __str__(self) -> str:
        return f"{self.speed:.2f} m/s after {self.distance:.1f} m"
