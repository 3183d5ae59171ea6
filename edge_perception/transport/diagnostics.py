"""What a node says on /diagnostics: once a second, and at once when a level changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from socket import gethostname
import time

from edge_perception.core.node import Diagnostic, Level
from edge_perception.core.stamps import to_time
from edge_perception.messages.types import DiagnosticArray, DiagnosticStatus, Header, KeyValue

TOPIC = "/diagnostics"
TYPE = "diagnostic_msgs/msg/DiagnosticArray"
PERIOD = 1.0  # seconds


class Reporter:
    """Makes messages of a node's diagnostics, in whatever state it is."""

    def __init__(self, node: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        """
        Begin without having said anything.

        :param node: its fully qualified name.
        :param monotonic: seconds, by which a second is measured.
        """
        self._monotonic = monotonic
        self._name = node.lstrip("/")
        self._levels: dict[str, Level] = {}
        self._due = 0.0

    def report(
        self, diagnostics: Sequence[Diagnostic], hardware: str, now: int
    ) -> DiagnosticArray | None:
        """
        Return what is to be published; None if it isn't time to, and all levels are as before.

        :param hardware: that they are about; empty: this computer.
        :param now: time in nanoseconds, 0 if it isn't known.
        """
        levels = {diagnostic.name: diagnostic.level for diagnostic in diagnostics}
        if levels == self._levels and self._monotonic() < self._due:
            return None
        self._levels = levels
        self._due = self._monotonic() + PERIOD
        return DiagnosticArray(
            header=Header(stamp=to_time(now)),
            status=[self._status(one, hardware or gethostname()) for one in diagnostics],
        )

    def _status(self, diagnostic: Diagnostic, hardware: str) -> DiagnosticStatus:
        return DiagnosticStatus(
            level=diagnostic.level,
            name=f"{self._name}: {diagnostic.name}",
            message=diagnostic.message,
            hardware_id=hardware,
            values=[KeyValue(key, value) for key, value in (diagnostic.values or {}).items()],
        )
