"""
What the middleware and the sources take by themselves: ``python -m bench.robot.bare WHAT ...``.

``node NAME`` is a node of rclpy that wakes as often as the robot's node of that name, takes the
same messages and publishes as many, but works out nothing. ``source NAME SPEC`` reads the
simulation (or the device) that the robot's node of that name reads, and nothing comes of it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
import sys
import time

from edge_perception.core.imu.parameters import PARAMETERS as IMU_PARAMETERS
from edge_perception.core.imu.source import ImuRequest, ImuSource
from edge_perception.core.parameters import Parameters
from edge_perception.core.wheels.parameters import PARAMETERS as WHEEL_PARAMETERS
from edge_perception.core.wheels.parameters import WheelParameters
from edge_perception.core.wheels.source import WheelSource
from edge_perception.drivers.imu import open_imu
from edge_perception.drivers.wheels import open_wheels
from edge_perception.transport.threads import name_thread

IMU, WHEELS = ("sensor_msgs/msg/Imu", "imu/data"), ("nav_msgs/msg/Odometry", "wheel/odometry")
POSE = ("nav_msgs/msg/Odometry", "odometry/filtered")


@dataclass(frozen=True)
class Traffic:
    """
    What goes through a node.

    :ivar inputs: types and topics.
    :ivar output: type and topic.
    :ivar rate: how often it wakes a second.
    :ivar count: messages that it publishes each time.
    """

    inputs: tuple[tuple[str, str], ...]
    output: tuple[str, str]
    rate: float
    count: int = 1


NODES = {
    "imu": Traffic((WHEELS,), IMU, 200.0 / 3, 3),
    "wheels": Traffic((IMU,), WHEELS, 50.0),
    "pose": Traffic((IMU, WHEELS), POSE, 20.0),
}
SOURCES = ("imu", "wheels")


def run_node(name: str) -> None:
    """Take and publish until interrupted."""
    import rclpy
    from rclpy.qos import QoSProfile, QoSReliabilityPolicy
    from rclpy.signals import SignalHandlerOptions

    from edge_perception import messages
    from edge_perception.transport.ros.profile import use_transport_profile
    from edge_perception.transport.ros.typesupport import rosidl_class

    traffic = NODES[name]
    use_transport_profile()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node(name)
    sensor_data = QoSProfile(depth=200, reliability=QoSReliabilityPolicy.BEST_EFFORT)
    subscriptions = [
        node.create_subscription(rosidl_class(kind), topic, print, sensor_data, raw=True)
        for kind, topic in traffic.inputs
    ]
    kind, topic = traffic.output
    publisher = node.create_publisher(rosidl_class(kind), topic, 10)
    data = messages.serialize(messages.get(kind)())
    due = time.monotonic()
    while True:
        due += 1 / traffic.rate
        time.sleep(max(0.0, due - time.monotonic()))
        for one in subscriptions:
            while one.handle.take_message(one.msg_type, True) is not None:
                pass
        for _ in range(traffic.count):
            publisher.publish(data)


def run_source(name: str, spec: str) -> None:
    """Read until interrupted."""
    source = _imu(spec) if name == "imu" else _wheels(spec)
    while True:
        source.read(0.4)


def _imu(spec: str) -> ImuSource:
    return open_imu(spec, ImuRequest(delay=Parameters(IMU_PARAMETERS).number("delay")))


def _wheels(spec: str) -> WheelSource:
    given = Parameters(WHEEL_PARAMETERS, {"source": spec})
    return open_wheels(spec, WheelParameters.read(given).request)


def main() -> int:
    """Do what the command line says."""
    what, name, *rest = sys.argv[1:]
    name_thread(name)
    with suppress(KeyboardInterrupt):
        if what == "node":
            run_node(name)
        else:
            run_source(name, *rest)
    return 0


if __name__ == "__main__":
    sys.exit(main())
