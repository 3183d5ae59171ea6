"""Who publishes on a topic."""

from __future__ import annotations

import time

from rclpy.node import Node
from rclpy.topic_endpoint_info import TopicEndpointInfo

PERIOD = 1.0  # seconds between two questions while the number of publishers is the same


class Publishers:
    """
    The publishers of a topic, as rclpy describes them.

    To describe them takes ten times as long as to count them. So they are counted at each look,
    and described anew when their number changes, and once in a while, as one may replace another.
    """

    def __init__(self, node: Node, topic: str) -> None:
        """
        Begin without having asked.

        :param topic: fully qualified, as it is after remapping
        """
        self._node = node
        self._topic = topic
        self._found: list[TopicEndpointInfo] = []
        self._due = 0.0

    def look(self) -> list[TopicEndpointInfo]:
        """Return those that there are now: the same list until they are described anew."""
        now = time.monotonic()
        if now >= self._due or self._count() != len(self._found):
            self._found = self._node.get_publishers_info_by_topic(self._topic)
            self._due = now + PERIOD
        return self._found

    def _count(self) -> int:
        with self._node.handle:  # the node's own method expands and remaps the name once more
            return int(self._node.handle.get_count_publishers(self._topic))
