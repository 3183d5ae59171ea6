"""Whose fault it is that nothing arrives: what those who publish say of themselves."""

from __future__ import annotations

import time

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.subscription import Subscription

from edge_perception.core.node import Level
from edge_perception.transport.ros.subscription import NO_EVENTS

WAITS_FOR = "waits for"
"""Key of a diagnostic's value that names the status which is to blame for it."""
LONGEST = 3.0  # seconds after which what somebody said of himself is old
DEPTH = 100


class Upstream:
    """
    Listens to /diagnostics while something is missing.

    One lost device then is one ERROR, and those who wait for it name it.
    """

    def __init__(self, node: Node) -> None:
        """
        Listen to nothing yet.

        :param node: that something is missing for
        """
        self._node = node
        self._subscription: Subscription[DiagnosticArray] | None = None
        self._wanted = 0.0
        self._blamed: dict[str, tuple[float, str]] = {}  # by the name of a status

    def listen(self) -> None:
        """Be able to say soon who is to blame."""
        self._wanted = time.monotonic() + LONGEST
        if self._subscription is None:
            self._subscription = self._node.create_subscription(
                DiagnosticArray, "/diagnostics", self._hear, DEPTH, event_callbacks=NO_EVENTS
            )

    def rest(self) -> None:
        """Stop to listen if nobody asked for long."""
        if self._subscription is not None and time.monotonic() > self._wanted:
            self.close()

    def close(self) -> None:
        """Stop to listen."""
        subscription, self._subscription = self._subscription, None
        self._blamed = {}
        if subscription is not None:
            self._node.destroy_subscription(subscription)

    def cause(self, publisher: str) -> str:
        """
        Return the name of the status that keeps a node from publishing; empty if none is known.

        :param publisher: fully qualified name of the node
        """
        begin = f"{publisher.lstrip('/')}: "
        now = time.monotonic()
        for name, (heard, root) in self._blamed.items():
            if name.startswith(begin) and root and now - heard < LONGEST:
                return root
        return ""

    def _hear(self, array: DiagnosticArray) -> None:
        now = time.monotonic()
        for status in array.status:
            root = status.name if status.level[0] >= Level.ERROR else ""
            for value in status.values:
                root = value.value if value.key == WAITS_FOR else root
            self._blamed[status.name] = (now, root)
