"""
Messages between the nodes of a process go straight from one to the other.

The middleware would copy an image of a megabyte half a dozen times on its way from a node to its
neighbour, and wake three threads. Here the reader is given the very bytes that were written. The
middleware carries what somebody outside subscribed to, and whatever late subscribers are to get
(latched topics). What it then brings to readers in this process, too, they have already: it is
known by the identity of its publisher, which ROS 2 tells since Kilted. In earlier ones everything
goes through the middleware.

Publishers and subscriptions exist all the same, so that `ros2 topic info` and diagnostics show the
graph as it is, and settings of quality of service mean the same as between processes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import threading
from typing import Any

from rclpy.context import Context
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy
import rclpy.subscription

from edge_perception.transport.ros.subscription import Subscription

TELLS_PUBLISHER = "publisher_gid" in getattr(
    getattr(rclpy.subscription, "MessageInfo", None), "__annotations__", ()
)
"""Whether rclpy tells where a message comes from."""

_Topic = tuple[Context, str]


@dataclass(frozen=True)
class Reader:
    """
    A subscription of this process.

    :ivar type: name of the message type.
    :ivar receive: is given each serialised message, in the thread of whoever publishes it.
    """

    subscription: Subscription
    type: str
    receive: Callable[[bytes], None]


class Exchange:
    """Who reads and who writes in this process."""

    def __init__(self) -> None:
        self._readers: dict[_Topic, tuple[Reader, ...]] = {}
        self._writers: frozenset[bytes] = frozenset()
        self._lock = threading.Lock()

    def readers(self, topic: _Topic) -> tuple[Reader, ...]:
        """Return the readers of a topic."""
        return self._readers.get(topic, ())

    def join(self, topic: _Topic, reader: Reader) -> None:
        """Let a reader have what is written from now on."""
        with self._lock:
            self._readers[topic] = (*self.readers(topic), reader)

    def leave(self, topic: _Topic, reader: Reader) -> None:
        """Let a reader have nothing more."""
        with self._lock:
            left = tuple(one for one in self._readers.pop(topic, ()) if one is not reader)
            if left:
                self._readers[topic] = left

    def open(self, writer: bytes) -> None:
        """Note the identity of a publisher that hands its messages over."""
        with self._lock:
            self._writers |= {writer}

    def close(self, writer: bytes) -> None:
        """Forget a publisher."""
        with self._lock:
            self._writers -= {writer}

    def has_given(self, info: Mapping[str, Any]) -> bool:
        """Tell whether readers of this process have had a message that the middleware brings."""
        writer = info.get("publisher_gid")
        return writer is not None and writer["data"] in self._writers


EXCHANGE = Exchange()
"""That of this process."""


class Writer:
    """A publisher that hands over what it publishes to readers in this process."""

    def __init__(self, node: Node, publisher: Publisher, type_: str) -> None:
        """
        Begin.

        :param type_: name of the message type
        """
        self._publisher = publisher
        self._topic = node.context, str(publisher.topic_name)
        self._type = type_
        self._identity = _identity(node, publisher)
        if self._identity is not None:
            EXCHANGE.open(self._identity)

    def write(self, data: bytes) -> None:
        """Give a serialised message to everybody who subscribed."""
        given = 0
        if self._identity is not None:
            for reader in EXCHANGE.readers(self._topic):
                if reader.type == self._type and fits(
                    self._publisher.qos_profile, reader.subscription.profile
                ):
                    reader.receive(data)
                    given += 1
        if not given or self._publisher.get_subscription_count() > given:
            self._publisher.publish(data)

    def close(self) -> None:
        """End."""
        if self._identity is not None:
            EXCHANGE.close(self._identity)


def fits(offered: QoSProfile, requested: QoSProfile) -> bool:
    """Tell whether the middleware would connect them, as far as our parameters can change it."""
    reliable, local = QoSReliabilityPolicy.RELIABLE, QoSDurabilityPolicy.TRANSIENT_LOCAL
    weaker = requested.reliability == reliable and offered.reliability != reliable
    shorter = requested.durability == local and offered.durability != local
    return not (weaker or shorter)


def _identity(node: Node, publisher: Publisher) -> bytes | None:
    """Return what messages of a publisher are known by; None if they are not to be handed over."""
    late = publisher.qos_profile.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL
    if late or not TELLS_PUBLISHER:
        return None
    own = [
        bytes(info.endpoint_gid)
        for info in node.get_publishers_info_by_topic(publisher.topic_name)
        if (info.node_name, info.node_namespace) == (node.get_name(), node.get_namespace())
    ]
    return own[0] if len(own) == 1 else None
