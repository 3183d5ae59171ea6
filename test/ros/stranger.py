"""A camera driver of somebody else: WIDTH HEIGHT RATE reliable|best_effort, until it is ended."""

import contextlib
import sys

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import Image

width, height, rate = map(int, sys.argv[1:4])
rclpy.init()
node = rclpy.create_node("stranger")
publisher = node.create_publisher(
    Image,
    "image",
    QoSProfile(depth=10, reliability=QoSReliabilityPolicy[sys.argv[4].upper()]),
)
image = Image(width=width, height=height, step=3 * width, encoding="rgb8")
image.data.frombytes(bytes(3 * width * height))


def publish() -> None:
    """Send an image all of whose bytes are its number."""
    image.header.stamp.sec += 1
    memoryview(image.data)[:] = bytes([image.header.stamp.sec % 256]) * len(image.data)
    publisher.publish(image)


node.create_timer(1 / rate, publish)
with contextlib.suppress(ExternalShutdownException):
    rclpy.spin(node)
