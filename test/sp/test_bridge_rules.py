"""What goes over the bridge, and which of its messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_perception import messages
from edge_perception.core.node import Level, Qos
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.core.whole_file import FileError
from edge_perception.messages.types import Header, String, Twist, TwistStamped
from edge_perception.transport.bridge.flow import Flow
from edge_perception.transport.bridge.process import default_path
from edge_perception.transport.bridge.rules import Direction, load, Route, Rules, Side

TO, FROM = Direction.TO_ROS, Direction.FROM_ROS
STAMPED = "geometry_msgs/msg/TwistStamped"
NOW = 1000 * SECOND


def test_the_file_of_the_package() -> None:
    rules = load(default_path())
    assert rules.route(TO, "/detections") == Route("/detections", "/detections")
    image = rules.route(TO, "/camera/image_raw")
    assert image is not None
    assert (image.rate, image.qos) == (10.0, Qos.SENSOR_DATA)
    assert rules.route(TO, "/imu/data") is None
    command = rules.route(FROM, "/cmd_vel")
    assert command is not None
    assert command.expires == 0.3
    assert rules.route(FROM, "/detections") is None


def test_allowed_denied_and_renamed(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(
        "to_ros: {allow: ['/a*'], deny: [/ab]}\n"
        "from_ros: {allow: [/b, /ros/ac]}\n"
        "topics: {/aa: {name: /b}, /ac: {name: /other}}\n"
    )
    rules = load(file)
    assert rules.route(TO, "/ab") is None
    assert rules.route(TO, "/ac") == Route("/ac", "/other")
    assert rules.circle("/aa")  # as /b, which comes back
    assert not rules.circle("/ac")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("to_rso: {}", "to_ros"),
        ("to_ros: {allow: [detections]}", "such as /detections"),
        ("topics: {/a: {rate: fast}}", "number"),
        ("topics: {/a: {expires: -1}}", "0.001"),
        ("topics: {/a: {qos: best}}", "sensor_data"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(text)
    with pytest.raises(FileError, match=says):
        load(file)


def command(stamp: int) -> bytes:
    return messages.serialize(TwistStamped(header=Header(stamp=to_time(stamp))))


def test_commands_expire_by_their_stamp() -> None:
    flow = Flow(FROM, Route("/cmd", "/cmd", expires=0.5), STAMPED)
    assert flow.passes(command(NOW), NOW + SECOND // 4)
    assert not flow.passes(command(NOW), NOW + SECOND)
    assert not flow.passes(command(NOW + SECOND), NOW)  # of another clock
    assert not flow.passes(b"\0\1", NOW)
    values = flow.diagnose().values
    assert values is not None
    assert (values["passed"], values["expired"]) == ("1", "3")


def test_commands_without_a_stamp_expire_by_their_publication() -> None:
    twist = messages.serialize(Twist())
    flow = Flow(FROM, Route("/cmd", "/cmd", expires=0.5), "geometry_msgs/msg/Twist")
    assert flow.passes(twist, NOW, NOW - SECOND // 4)
    assert not flow.passes(twist, NOW, NOW - SECOND)
    assert not flow.passes(twist, NOW)  # nobody knows when
    there = Flow(TO, Route("/cmd", "/cmd", expires=0.5), "geometry_msgs/msg/Twist")
    assert not there.passes(twist, NOW)
    assert there.diagnose().level is Level.ERROR
    assert "has no header" in there.diagnose().message


@pytest.mark.parametrize("hertz", [30, 100])
def test_the_rate_is_kept(hertz: int) -> None:
    flow = Flow(TO, Route("/image", "/image", rate=10), "std_msgs/msg/String")
    data = messages.serialize(String())
    passed = [flow.passes(data, NOW + step * SECOND // hertz) for step in range(10 * hertz)]
    assert 95 <= sum(passed) <= 101


def test_what_may_go_both_ways_goes_neither() -> None:
    rules = Rules({TO: Side(("/a",)), FROM: Side(("/a",))}, ())
    assert "may go both ways" in rules.circle("/a")
