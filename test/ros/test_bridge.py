"""The bridge between a bus that nanomsg links and real ROS 2: byte for byte, and no circles."""

from collections.abc import Iterator
from queue import Queue
from threading import Event
import time
from typing import Any

from geometry_msgs.msg import TwistStamped as RosTwist
import pytest
from rclpy.executors import MultiThreadedExecutor, SingleThreadedExecutor
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import String as RosString
from std_srvs.srv import SetBool

from edge_perception import messages
from edge_perception.messages.types import Bool, Detection, DetectionArray
from edge_perception.transport.bridge import services as bridged_services
from edge_perception.transport.bridge.bridge import Bridge
from edge_perception.transport.bridge.process import CALLS, spinning
from edge_perception.transport.bridge.rules import (
    Direction,
    NAME,
    Route,
    Rules,
    SERVANT,
    Side,
)
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.ros.typesupport import rosidl_class
from edge_perception.transport.sp import registry
from edge_perception.transport.sp.link import Link
from edge_perception.transport.sp.process import linked, Network
from edge_perception.transport.sp.services import Services
from edge_perception.transport.sp.sockets import CallError

pytestmark = pytest.mark.ros
PATIENCE = 180.0
ARRAY, TEXT = "edge_perception/msg/DetectionArray", "std_msgs/msg/String"
RULES = Rules(
    {
        Direction.TO_ROS: Side(("/detections", "/round", "/say")),
        Direction.FROM_ROS: Side(("/words", "/cmd", "/round", "/lamp")),
    },
    (
        Route("/detections", "/robot/detections"),
        Route("/cmd", "/cmd", expires=0.5),
        Route("/say", "/robot/say"),
        Route("/lamp", "/room/lamp"),
    ),
)


@pytest.fixture
def joined(
    robot: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Bus, Link, Bridge]]:
    """Return the bus of a robot without ROS, its link, and the bridge in another process of it."""
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setenv(registry.VARIABLE, str(tmp_path / "run"))
    monkeypatch.setattr(bridged_services, "PATIENCE", PATIENCE)
    own, bridged = Bus(), Bus()
    with (
        spinning(NAME, SingleThreadedExecutor(context=robot.context)) as node,
        spinning(SERVANT, MultiThreadedExecutor(CALLS, context=robot.context)) as servant,
        linked(own, Network("robot"), Services(own).answer) as link,
        linked(bridged, Network(NAME), Services(bridged).answer) as other,
    ):
        yield own, link, Bridge(node, servant, bridged, other, RULES)


@pytest.fixture
def bus(joined: tuple[Bus, Link, Bridge]) -> tuple[Bus, Bridge]:
    return joined[0], joined[2]


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


def test_ros_calls_the_robot(robot: Any, bus: tuple[Bus, Bridge]) -> None:
    own, bridge = bus
    heard: Queue[bytes] = Queue()
    own.read(End("/door", "/say", "std_msgs/msg/Bool", heard.put, service="std_srvs/srv/SetBool"))
    client = robot.peer.create_client(SetBool, "/robot/say")
    until(bridge, client.service_is_ready)
    answers: Queue[Any] = Queue()
    client.call_async(SetBool.Request(data=True)).add_done_callback(answers.put)
    assert answers.get(timeout=PATIENCE).result().success
    assert messages.deserialize(heard.get(timeout=PATIENCE), Bool).data


def test_a_robot_that_hangs_holds_up_nothing_else(robot: Any, bus: tuple[Bus, Bridge]) -> None:
    own, bridge = bus
    asked, goes_on = Event(), Event()

    def hang(request: bytes) -> bytes:
        asked.set()
        goes_on.wait(PATIENCE)
        return b"no answer at all"

    kind = "std_srvs/srv/SetBool"
    own.read(End("/door", "/say", "std_msgs/msg/Bool", service=kind, serve=hang))
    client = robot.peer.create_client(SetBool, "/robot/say")
    until(bridge, client.service_is_ready)
    answers: Queue[Any] = Queue()
    client.call_async(SetBool.Request(data=True)).add_done_callback(answers.put)
    assert asked.wait(PATIENCE)
    heard: Queue[bytes] = Queue()
    own.read(End("/decision", "/words", TEXT, heard.put))
    publisher = robot.peer.create_publisher(RosString, "/words", 10)

    def came() -> int:
        publisher.publish(RosString(data="hello"))
        return heard.qsize()

    until(bridge, came)
    assert answers.empty()
    goes_on.set()
    # what can't be read costs that call alone
    assert not answers.get(timeout=PATIENCE).result().success
    [said] = [one.values for one in bridge.diagnose() if one.name == "service /say"]
    assert (said or {})["failed"] == "1"


def test_the_robot_calls_ros(robot: Any, joined: tuple[Bus, Link, Bridge]) -> None:
    own, link, bridge = joined

    def serve(request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        response.success, response.message = request.data, "the lamp says so"
        return response

    robot.peer.create_service(SetBool, "/lamp", serve)
    until(bridge, lambda: "/room/lamp" in link.services())
    yes, no = (messages.serialize(Bool(data=wanted)) for wanted in (True, False))
    answer = deserialize_message(link.call("/room/lamp", yes, PATIENCE), SetBool.Response)
    assert (answer.success, answer.message) == (True, "the lamp says so")
    answer = deserialize_message(link.call("/room/lamp", no, PATIENCE), SetBool.Response)
    assert not answer.success
    # a node publishes its request, as it does on every transport without services
    asks = End("/decision", "/room/lamp", "std_msgs/msg/Bool")
    own.advertise(asks)

    def answered() -> bool:
        own.publish(asks, yes)
        [said] = [one.values for one in bridge.diagnose() if one.name == "service /lamp"]
        return int((said or {})["answered"]) >= 2

    until(bridge, answered)
    [said] = [one.values for one in bridge.diagnose() if one.name == "service /lamp"]
    assert (said or {})["last failure"] == "the lamp says so"
    with pytest.raises(CallError, match="nobody offers"):
        link.call("/room/radio", yes, PATIENCE)
