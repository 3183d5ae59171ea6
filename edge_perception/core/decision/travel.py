"""How the robot moves, as rules see it."""

from __future__ import annotations

from dataclasses import dataclass
import math

from edge_perception.core.plausible import FASTEST
from edge_perception.core.stamps import nanoseconds, SECOND
from edge_perception.messages.types import Odometry


@dataclass(frozen=True)
class Travel:
    """
    How fast the robot drives and how far it has driven.

    :ivar speed: [m/s], whatever the direction.
    :ivar distance: travelled since the decision node was started [m].
    :ivar position: x and y in the frame of the odometry [m].
    """

    speed: float = 0.0
    distance: float = 0.0
    position: tuple[float, float] = (0.0, 0.0)

    def after(self, odometry: Odometry, before: Odometry | None) -> Travel:
        """
        Return the motion after a new odometry.

        A jump of the position that no robot can make, as when it is set, is no way travelled.

        :param odometry: a nav_msgs/msg/Odometry that can be true.
        :param before: the one before; None if there was none.
        """
        velocity = odometry.twist.twist.linear
        speed = math.hypot(velocity.x, velocity.y, velocity.z)
        here = odometry.pose.pose.position
        if before is None:
            return Travel(speed, self.distance, (here.x, here.y))
        there = before.pose.pose.position
        way = math.hypot(here.x - there.x, here.y - there.y, here.z - there.z)
        interval = nanoseconds(odometry.header.stamp) - nanoseconds(before.header.stamp)
        possible = way <= FASTEST * interval / SECOND
        return Travel(speed, self.distance + (way if possible else 0.0), (here.x, here.y))

    def __str__(self) -> str:
        return f"{self.speed:.2f} m/s after {self.distance:.1f} m"
