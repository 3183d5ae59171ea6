"""
The limit of speeds as Nav2's controllers understand it.

They take 0 for *no limit*, so it is never said. Of a limit in m/s some make a greater speed than
they were configured for, and DWB ignores one that is not below that: it keeps the limit before. A
percentage up to 100 means the same to all of them. A small one doesn't make them stop: Regulated
Pure Pursuit turns on the spot as fast as ever, Nav2's recoveries look at no limit at all. So the
stop is the gate's work; this spares Nav2 to plan with speeds that it won't get.
"""

from __future__ import annotations

from edge_perception.core.gate.velocity import allowance
from edge_perception.core.node import Outputs, Port
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.messages.types import Header, SpeedLimit, Twist

PORT = Port("speed_limit", "nav2_msgs/msg/SpeedLimit", "speed_limit", sole=True)
LEAST = 0.01
"""The percentage that stands for a stop: nearly none, as none would mean that all is allowed."""

_REPEAT = SECOND  # nanoseconds; for a controller that comes later


class Nav2Speed:
    """What was last said to Nav2, and when it is to be said again."""

    def __init__(self, max_speed: float) -> None:
        """
        Begin with nothing said.

        :param max_speed: of Nav2's controller in m/s; 0 if nothing is to be said.
        """
        self._max_speed = max_speed
        self._said = 0.0
        self._said_at = 0

    def say(self, limit: Twist, now: int, wall: int) -> Outputs:
        """
        Return what is to be published now: a new percentage, and each second the same one.

        :param limit: what may be driven.
        :param now: ROS time [ns].
        :param wall: monotonic time [ns].
        """
        percentage = self._percentage(limit)
        if not percentage or (percentage == self._said and wall - self._said_at < _REPEAT):
            return ()
        self._said, self._said_at = percentage, wall
        return self.message(limit, now)

    def message(self, limit: Twist, now: int) -> Outputs:
        """Return a limit, given as geometry_msgs/msg/Twist, as a percentage."""
        if not (percentage := self._percentage(limit)):
            return ()
        return [(PORT.name, SpeedLimit(Header(to_time(now)), True, percentage))]

    def _percentage(self, limit: Twist) -> float:
        """Return the percentage; 0 if nothing is to be said."""
        if not self._max_speed:
            return 0.0
        return min(100.0, max(LEAST, 100 * allowance(limit)[0] / self._max_speed))
