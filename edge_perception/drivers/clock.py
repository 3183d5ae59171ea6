"""Time, replaceable in tests."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What a driver that waits and stamps asks of the operating system."""

    def time(self) -> int:
        """Return system time in nanoseconds, which may jump."""

    def monotonic(self) -> int:
        """Return nanoseconds that never go back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The real one."""

    def time(self) -> int:
        """Return system time in nanoseconds."""
        return time.time_ns()

    def monotonic(self) -> int:
        """Return nanoseconds that never go back."""
        return time.monotonic_ns()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
