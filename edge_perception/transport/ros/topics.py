"""Names of topics as image_transport makes them."""

from __future__ import annotations

from rclpy.node import Node

from edge_perception.core.node import Port

COMPRESSED = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage", "compressed")
"""The type of an image, and that of the same image by another transport, and its name."""


def topic_of(node: Node, port: Port) -> str:
    """Return where a port's messages are: its topic, remapped, and its transport below it."""
    if not port.transport:
        return port.topic
    base = str(node.resolve_topic_name(port.topic))
    below = f"/{port.transport}"
    return base if base.endswith(below) else base + below


def other_transport(node: Node, topic: str, kind: str) -> tuple[str, str] | None:
    """
    Return the topic with the same images by the other transport, if it has a publisher.

    :param topic: where nobody publishes
    :param kind: the message type that is missed there
    :returns: the topic, and the value of the parameter ``image_transport`` for it
    """
    raw, compressed, name = COMPRESSED
    below = f"/{name}"
    if kind == raw:
        other, wanted, transport = topic + below, compressed, name
    elif kind == compressed and topic.endswith(below):
        other, wanted, transport = topic.removesuffix(below), raw, "raw"
    else:
        return None
    published = node.get_publishers_info_by_topic(other)
    return (other, transport) if any(p.topic_type == wanted for p in published) else None
