"""ROS times and durations as nanoseconds, and back."""

from __future__ import annotations

from edge_perception import messages
from edge_perception.messages import Message

SECOND = 1_000_000_000

Time = messages.get("builtin_interfaces/msg/Time")
Duration = messages.get("builtin_interfaces/msg/Duration")


def nanoseconds(time: Message) -> int:
    """Return a Time or Duration in nanoseconds."""
    return int(time.sec) * SECOND + int(time.nanosec)


def to_time(value: int) -> Message:
    """Return nanoseconds as a Time."""
    return Time(*divmod(value, SECOND))


def to_duration(value: int) -> Message:
    """Return nanoseconds as a Duration."""
    return Duration(*divmod(value, SECOND))
