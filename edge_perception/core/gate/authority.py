"""What the decision allows now: the newest limit, and until when it holds."""

from __future__ import annotations

from edge_perception.core.gate import velocity
from edge_perception.core.node import Level
from edge_perception.core.stamps import nanoseconds
from edge_perception.messages.types import Decision, Twist


class Authority:
    """
    The newest decision and the newest limit of speeds.

    A decision holds until it expires by ROS time, and no longer than its node speaks by wall time,
    since one that works repeats itself.

    :ivar limit: the newest limit as a geometry_msgs/msg/Twist; a stop if there is none.
    """

    def __init__(self, timeout: int) -> None:
        """
        Begin without a decision.

        :param timeout: wall time in nanoseconds after which the decision node counts as silent.
        """
        self.limit = Twist()
        self._timeout = timeout
        self._expires = 0
        self._decided: int | None = None
        self._limited: int | None = None

    def decide(self, decision: Decision, wall: int) -> None:
        """Record an edge_perception/msg/Decision."""
        self._decided = wall
        self._expires = nanoseconds(decision.expires)

    def restrict(self, limit: Twist, wall: int) -> None:
        """Record a limit."""
        self.limit = limit
        self._limited = wall

    def forget(self) -> None:
        """Wait for a new decision and a new limit."""
        self._limited = None
        self._decided = None

    def problem(self, now: int, wall: int) -> tuple[Level, str] | None:
        """
        Return why nothing is allowed now; None if the limit holds.

        What does not come is a WARN: the input that it does not come on is the ERROR.
        """
        if self._decided is None or wall - self._decided > self._timeout:
            return Level.WARN, "no decision comes"
        if now > self._expires:
            return (
                Level.ERROR,
                "the decision has expired: its node does not renew it, or the clocks differ",
            )
        if self._limited is None or wall - self._limited > self._timeout:
            return Level.WARN, "no limit comes: give each action in the rules one"
        if wrong := velocity.nonsense_limit(self.limit):
            return Level.ERROR, f"the limit makes no sense ({wrong})"
        return None
