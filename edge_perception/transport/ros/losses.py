"""Messages that get lost between a publisher and a node: how many, why, and what to do."""

from __future__ import annotations

from collections import deque
import time

from rclpy.qos import QoSReliabilityPolicy
from rclpy.topic_endpoint_info import TopicEndpointInfo
from rclpy.utilities import get_rmw_implementation_identifier

from edge_perception.core.node import Level
from edge_perception.transport.ros.profile import transport_profile, VARIABLE

WINDOW = 2.0  # seconds that a share of lost messages is taken over
FEW = 0.05  # share of lost messages that is nothing to speak of
MOST = 0.5  # ... and above which it is an error
SINGLE = 2  # fewer lost messages are a single mishap


class Losses:
    """What an input did not get, and how much that was of all in the last seconds."""

    def __init__(self) -> None:
        self.total = 0
        self._seen: deque[tuple[float, int, int]] = deque()

    def add(self, count: int) -> None:
        """Count messages that the middleware reports as lost."""
        self.total += count

    def level(self, received: int, now: float | None = None) -> tuple[Level, float]:
        """
        Judge the last seconds; call it several times a second.

        :param received: how many messages arrived so far
        :param now: monotonic seconds
        :returns: how bad it is, and the share of the messages that got lost
        """
        now = time.monotonic() if now is None else now
        self._seen.append((now, self.total, received))
        while len(self._seen) > 1 and self._seen[0][0] < now - WINDOW:
            self._seen.popleft()
        _, lost_before, received_before = self._seen[0]
        lost, arrived = self.total - lost_before, received - received_before
        share = lost / max(1, lost + arrived)
        if lost < SINGLE or share <= FEW:
            return Level.OK, share
        return (Level.ERROR if share > MOST else Level.WARN), share


def explain(
    share: float, topic: str, name: str, publisher: TopicEndpointInfo, ours: QoSReliabilityPolicy
) -> str:
    """
    Say that messages get lost, why that is probably so, and what to do.

    :param share: of the messages that got lost
    :param name: of the publisher, for a person
    :param ours: the reliability of the subscription
    """
    reliable = QoSReliabilityPolicy.RELIABLE
    if publisher.qos_profile.reliability != reliable:
        cause = "which sends each one once (best effort)"
        remedies = [
            "make it publish reliably (a parameter of the driver, or"
            f" qos_overrides.{topic}.publisher.reliability: reliable)"
        ]
    elif ours != reliable:
        cause = "which would send them again"
        remedies = [f"remove the parameter qos_overrides.{topic}.subscription.reliability"]
    else:
        cause = "which dropped them before they could be sent again"
        remedies = ["lower their size or rate", "keep more of them (depth of its QoS)"]
    if "fastrtps" in get_rmw_implementation_identifier():
        remedies.append(f"start it with {VARIABLE}={transport_profile()}")
    return (
        f"{share:.0%} of the messages on {topic} get lost on their way from {name}, {cause}:"
        f" {', '.join(remedies)}, or use compressed images (docs/camera.md)"
    )
