"""The time of nodes that don't take it from ROS: that of this machine, unless another is given."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """The time of a transport."""

    def now(self) -> int:
        """Return the time in nanoseconds, with which messages are stamped."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""


class SystemClock:
    """The time of this machine."""

    def now(self) -> int:
        """Return nanoseconds since 1970."""
        return time.time_ns()

    def monotonic(self) -> float:
        """Return seconds since the machine was started."""
        return time.monotonic()
