"""What a node says on /diagnostics: once a second, and at once when a level changes."""

from __future__ import annotations

from collections.abc import Sequence
from socket import gethostname
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node
from std_msgs.msg import Header

from edge_perception.core.node import Diagnostic, Level

PERIOD = 1.0  # seconds


class DiagnosticsPublisher:
    """Publishes the diagnostics of a node, in whatever state it is."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._levels: dict[str, Level] = {}
        self._due = 0.0

    def publish(self, diagnostics: Sequence[Diagnostic], hardware: str) -> None:
        """
        Publish if it is time to, or if a level differs from what was published last.

        :param hardware: that they are about; empty: this computer
        """
        levels = {diagnostic.name: diagnostic.level for diagnostic in diagnostics}
        if levels == self._levels and time.monotonic() < self._due:
            return
        self._levels = levels
        self._due = time.monotonic() + PERIOD
        name = self._node.get_fully_qualified_name().lstrip("/")
        self._publisher.publish(
            DiagnosticArray(
                header=Header(stamp=self._node.get_clock().now().to_msg()),
                status=[
                    _status(diagnostic, name, hardware or gethostname())
                    for diagnostic in diagnostics
                ],
            )
        )


def _status(diagnostic: Diagnostic, node: str, hardware: str) -> DiagnosticStatus:
    return DiagnosticStatus(
        level=bytes([diagnostic.level]),
        name=f"{node}: {diagnostic.name}",
        message=diagnostic.message,
        hardware_id=hardware,
        values=[
            KeyValue(key=key, value=value) for key, value in (diagnostic.values or {}).items()
        ],
    )
