"""The newest velocity command, stamped or not, and whether it may be followed."""

from __future__ import annotations

from edge_perception.core.freshness import AHEAD
from edge_perception.core.gate.velocity import nonsense
from edge_perception.core.stamps import nanoseconds, SECOND
from edge_perception.messages.types import Header, Twist, TwistStamped


class Command:
    """
    The newest command.

    :ivar twist: what is commanded, as a geometry_msgs/msg/Twist.
    :ivar header: of a stamped command; empty if it was none.
    """

    def __init__(self, timeout: int) -> None:
        """
        Begin without a command.

        :param timeout: age in nanoseconds from which a command is not followed any more.
        """
        self.twist = Twist()
        self.header = Header()
        self._timeout = timeout
        self._came: int | None = None

    def accept(self, message: Twist | TwistStamped, wall: int) -> None:
        """Record a Twist or TwistStamped at a wall time."""
        if isinstance(message, TwistStamped):
            self.twist, self.header = message.twist, message.header
        else:
            self.twist, self.header = message, Header()
        self._came = wall

    def forget(self) -> None:
        """Wait for a new command."""
        self._came = None

    def is_fresh(self, wall: int) -> bool:
        """Return whether a command came lately, by wall time."""
        return self._came is not None and wall - self._came <= self._timeout

    def fault(self, now: int) -> str:
        """Return why the command can't be followed; empty if it can."""
        if wrong := nonsense(self.twist):
            return f"the command makes no sense ({wrong})"
        stamp = nanoseconds(self.header.stamp)
        if stamp and now - stamp > self._timeout:
            return (
                f"commands are stamped more than {self._timeout / SECOND:g} s ago: they are late,"
                " or the clocks differ"
            )
        if stamp > now + AHEAD:
            return "commands are stamped in the future: the clocks differ (use_sim_time?)"
        return ""
