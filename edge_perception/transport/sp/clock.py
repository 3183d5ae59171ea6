"""Simulated time, as somebody publishes it on /clock."""

from __future__ import annotations

import time

from edge_perception import messages
from edge_perception.core.stamps import nanoseconds
from edge_perception.messages.types import Clock
from edge_perception.transport.local.bus import Bus, End

TOPIC = "/clock"
TYPE = "rosgraph_msgs/msg/Clock"


class SimulatedClock:
    """The time of a simulation or recording: `transport.clock.Clock`."""

    def __init__(self, bus: Bus, node: str) -> None:
        """
        Begin without knowing the time.

        :param node: that reads it
        """
        self._now = 0
        bus.read(End(node, TOPIC, TYPE, self._hear))

    def now(self) -> int:
        """Return nanoseconds; 0 until the first one was heard."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds of real time: a topic is silent when it is, however fast time goes."""
        return time.monotonic()

    def _hear(self, data: bytes) -> None:
        self._now = nanoseconds(messages.deserialize(data, Clock).clock)
