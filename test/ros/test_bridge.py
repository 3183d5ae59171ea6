"""The bridge between a bus that nanomsg links and real ROS 2: byte for byte, and no circles."""

from collections.abc import Iterator
from queue import Queue
import time
from typing import Any

from geometry_msgs.msg import TwistStamped as RosTwist
import pytest
import rclpy
from rclpy.serialization import serialize_message
from std_msgs.msg import String as RosString

from edge_perception import messages
from edge_perception.messages.types import Detection, DetectionArray
from edge_perception.transport.bridge.bridge import Bridge, NAME
from edge_perception.transport.bridge.rules import Direction, Route, Rules, Side
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.ros.typesupport import rosidl_class
from edge_perception.transport.sp import registry
from edge_perception.transport.sp.process import linked, Network

pytestmark = pytest.mark.ros
PATIENCE = 60.0
ARRAY, TEXT = "edge_perception/msg/DetectionArray", "std_msgs/msg/String"
RULES = Rules(
    {
        Direction.TO_ROS: Side(("/detections", "/round")),
        Direction.FROM_ROS: Side(("/words", "/cmd", "/round")),
    },
    (Route("/detections", "/robot/detections"), Route("/cmd", "/cmd", expires=0.5)),
)


@pytest.fixture
def bus(
    robot: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Bus, Bridge]]:
    """Return the bus of a robot without ROS, and the bridge in another process of it."""
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setenv(registry.VARIABLE, str(tmp_path / "run"))
    node = rclpy.create_node(NAME, context=robot.context)
    robot.others.add_node(node)
    own, bridged = Bus(), Bus()
    with (
        linked(own, Network("robot"), lambda request: b""),
        linked(bridged, Network(NAME), lambda request: b""),
    ):
        yield own, Bridge(node, bridged, RULES)
    robot.others.remove_node(node)
    node.destroy_node()


def until(bridge: Bridge, holds: Any) -> None:
    """Let the bridge look until something holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, bridge.diagnose()
        bridge.look()
        time.sleep(0.02)


def test_bytes_go_through_both_ways(robot: Any, bus: tuple[Bus, Bridge]) -> None:
    own, bridge = bus
    seen: Queue[bytes] = Queue()
    robot.peer.create_subscription(
        rosidl_class(ARRAY), "/robot/detections", seen.put, 10, raw=True
    )
    speaker = End("/perception", "/detections", ARRAY)
    own.advertise(speaker)
    heard: Queue[bytes] = Queue()
    own.read(End("/decision", "/words", TEXT, heard.put))
    publisher = robot.peer.create_publisher(RosString, "/words", 10)
    sent = messages.serialize(DetectionArray(model="m", detections=[Detection(label="person")]))
    text = serialize_message(RosString(data="hello"))

    def exchanged() -> bool:
        own.publish(speaker, sent)
        publisher.publish(text)
        return bool(seen.qsize() and heard.qsize())

    until(bridge, exchanged)
    assert seen.get() == sent
    assert heard.get() == text


def test_an_old_command_does_not_pass(robot: Any, bus: tuple[Bus, Bridge]) -> None:
    own, bridge = bus
    heard: Queue[bytes] = Queue()
    own.read(End("/gate", "/cmd", "geometry_msgs/msg/TwistStamped", heard.put))
    publisher = robot.peer.create_publisher(RosTwist, "/cmd", 10)

    def say(age: float, speed: float) -> None:
        message = RosTwist()
        at = time.time() - age
        message.header.stamp.sec, message.header.stamp.nanosec = int(at), int(at % 1 * 1e9)
        message.twist.linear.x = speed
        publisher.publish(message)

    def came() -> bool:
        say(5.0, 9.0)
        say(0.0, 1.0)
        return heard.qsize() >= 3

    until(bridge, came)
    kind = messages.get("geometry_msgs/msg/TwistStamped")
    while heard.qsize():
        assert messages.deserialize(heard.get(), kind).twist.linear.x == 1.0


def test_what_would_go_round_is_refused(robot: Any, bus: tuple[Bus, Bridge]) -> None:
    own, bridge = bus
    own.advertise(End("/somebody", "/round", TEXT))
    until(bridge, lambda: (Direction.TO_ROS, "/round") in bridge.flows)
    [found] = [one for one in bridge.diagnose() if one.name == "/round"]
    assert "would come back for ever" in found.message
    assert not robot.peer.get_publishers_info_by_topic("/round")
