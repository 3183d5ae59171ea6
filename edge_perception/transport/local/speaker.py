"""What nodes on a bus say of themselves."""

from __future__ import annotations

from collections.abc import Sequence

from edge_perception import messages
from edge_perception.core.node import Diagnostic
from edge_perception.transport import diagnostics
from edge_perception.transport.clock import Clock, SystemClock
from edge_perception.transport.local.bus import Bus, End


class Speaker:
    """Publishes the diagnostics of a node."""

    def __init__(self, bus: Bus, node: str, clock: Clock | None = None) -> None:
        """
        Begin without having said anything.

        :param node: its fully qualified name.
        :param clock: this machine's if it isn't given.
        """
        self._bus, self._clock = bus, clock or SystemClock()
        self._reporter = diagnostics.Reporter(node, self._clock.monotonic)
        self._end = End(node, diagnostics.TOPIC, diagnostics.TYPE)
        bus.advertise(self._end)

    def publish(self, found: Sequence[Diagnostic], hardware: str) -> None:
        """Publish what was found, if it is time to."""
        report = self._reporter.report(found, hardware, self._clock.now())
        if report is not None:
            self._bus.publish(self._end, messages.serialize(report))
