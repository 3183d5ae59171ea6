"""How messages arrive at an input: how often, and whether it is silent for too long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
import time

from edge_perception.core.node import Traffic

SILENCE = 1.5  # seconds without a message after which something is wrong
MISSED = 3.0  # ... unless messages come seldom: then, so many times their interval
SELDOM = 10.0  # seconds between messages beyond which it was an interruption


class Arrivals:
    """
    The times of an input's messages, in monotonic seconds.

    :ivar since: when the input was connected.
    :ivar interval: between the last two messages; 0 if that isn't known.
    """

    def __init__(self, traffic: Traffic, monotonic: Callable[[], float] = time.monotonic) -> None:
        """
        Begin now.

        :param traffic: counts the messages.
        :param monotonic: returns those seconds.
        """
        self._monotonic = monotonic
        self.since = monotonic()
        self.interval = 0.0
        self._traffic = traffic
        self._last = self.since
        self._rate = Rate(self.since)

    def note(self) -> None:
        """Note that a message comes, which is counted afterwards."""
        now = self._monotonic()
        interval, self._last = now - self._last, now
        if self._traffic.received and interval < SELDOM:
            self.interval = interval

    def silent(self, now: float) -> float:
        """Return for how many seconds no message has come."""
        return now - self._last

    def longest(self) -> float:
        """Return the seconds of silence after which something is wrong."""
        return max(SILENCE, MISSED * self.interval)

    def values(self, now: float) -> dict[str, str]:
        """Return what a diagnostic shows of them."""
        received = self._traffic.received
        return {
            "rate [1/s]": f"{self._rate.update(now, received):.1f}",
            "received": str(received),
            "superseded": str(self._traffic.dropped),
            "seconds since last": f"{self.silent(now):.1f}" if received else "never",
        }


class Rate:
    """Messages a second, over windows of at least a second."""

    def __init__(self, now: float) -> None:
        self._begin, self._count, self._rate = now, 0, 0.0

    def update(self, now: float, count: int) -> float:
        """Return the rate, given the number of messages so far."""
        elapsed = now - self._begin
        if elapsed >= 1.0:
            self._rate = (count - self._count) / elapsed
            self._begin, self._count = now, count
        return self._rate


def rivalry(topic: str, publishers: Iterable[str]) -> str:
    """
    Say that a topic that should have one publisher has several; empty if it has not.

    :param publishers: the names of their nodes
    """
    names = Counter(publishers)
    if names.total() < 2:
        return ""
    who = " and ".join(
        f"{count} nodes named {name}" if count > 1 else name
        for name, count in sorted(names.items())
    )
    return (
        f"{who} publish on {topic} at once, and what is read there jumps between them: stop all"
        " but one, or remap their topics"
    )
