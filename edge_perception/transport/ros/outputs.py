"""An output of a node: its publisher, and the same content in other message types."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.duration import Duration
from rclpy.node import Node

from edge_perception import messages
from edge_perception.core.node import Diagnostic, Level, Port
from edge_perception.messages import Message
from edge_perception.transport.ros import qos, vision
from edge_perception.transport.ros.exchange import Writer
from edge_perception.transport.ros.inputs import rivalry
from edge_perception.transport.ros.mirror import Mirror
from edge_perception.transport.ros.publishers import Publishers
from edge_perception.transport.ros.topics import topic_of
from edge_perception.transport.ros.typesupport import rosidl_class

LAST_WORDS = Duration(seconds=0.3)
"""That a publisher waits until what it sent was received; it takes what is on its way with it."""

_MIRRORS: dict[str, Callable[[], Mirror | None]] = {
    "edge_perception/msg/DetectionArray": vision.mirror
}
"""The content of a message once more, as other packages know it, by its type."""


class Output:
    """The publisher of an output port, and that of its mirror."""

    def __init__(self, node: Node, port: Port) -> None:
        self._node = node
        self._port = port
        self._type = messages.get(port.type)
        kind = rosidl_class(port.type)
        with qos.explained(port.topic):
            self._publisher = node.create_publisher(
                kind,
                topic_of(node, port),
                qos.profile(port),
                qos_overriding_options=qos.overrides(),
            )
        self._publishers = Publishers(node, self.topic)
        self._writer = Writer(node, self._publisher, port.type)
        self._mirror = _MIRRORS.get(port.type, lambda: None)()
        if self._mirror is not None:
            self._reflected = node.create_publisher(
                self._mirror.type, self._mirror.topic, qos.profile(port)
            )

    @property
    def type(self) -> str:
        """Return the name of the message type."""
        return self._port.type

    @property
    def topic(self) -> str:
        """Return the full name of the topic."""
        return str(self._publisher.topic_name)

    def has_reader(self) -> bool:
        """Tell whether anybody subscribed."""
        return bool(self._publisher.get_subscription_count())

    def publish(self, message: Message) -> None:
        """Publish the bytes of a message."""
        if not isinstance(message, self._type):
            raise TypeError(f"expected {self._type.__name__}, received {type(message).__name__}")
        self._writer.write(messages.serialize(message))
        if self._mirror is not None and self._reflected.get_subscription_count():
            self._reflected.publish(self._mirror.convert(message))

    def diagnose(self) -> Diagnostic | None:
        """Say who else publishes what should have one publisher; None if any number may."""
        if not self._port.sole:
            return None
        rivals = rivalry(self.topic, self._publishers.look())
        level, message = (Level.ERROR, rivals) if rivals else (Level.OK, "the only publisher")
        return Diagnostic(level, f"output {self._port.name}", message, {"topic": self.topic})

    def close(self) -> None:
        """Take the publishers back when their last messages were received."""
        if self._port.sole:
            self._publisher.wait_for_all_acked(LAST_WORDS)
        self._writer.close()
        self._node.destroy_publisher(self._publisher)
        if self._mirror is not None:
            self._node.destroy_publisher(self._reflected)
