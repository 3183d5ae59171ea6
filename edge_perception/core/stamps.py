"""ROS times and durations as nanoseconds, and back."""

from __future__ import annotations

from typing import Protocol

from edge_perception.messages.types import Duration, Header, Time

SECOND = 1_000_000_000


class Stamped(Protocol):
    """A message with a header, which says when and where it is true."""

    header: Header


def nanoseconds(time: Time | Duration) -> int:
    """Return a Time or Duration in nanoseconds."""
    return int(time.sec) * SECOND + int(time.nanosec)


def to_time(value: int) -> Time:
    """Return nanoseconds as a Time."""
    return Time(*divmod(value, SECOND))


def to_duration(value: int) -> Duration:
    """Return nanoseconds as a Duration."""
    return Duration(*divmod(value, SECOND))
