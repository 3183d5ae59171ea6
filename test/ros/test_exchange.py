"""What nodes of one process hand over to each other, and what the middleware carries."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest
from rclpy.qos import (
    qos_check_compatible,
    QoSCompatibility,
    QoSDurabilityPolicy,
    QoSProfile,
    QoSReliabilityPolicy,
)
from std_msgs.msg import String

from edge_perception import messages
from edge_perception.core.node import Message, NodeCore, Outputs, Port, Qos
from edge_perception.core.parameters import Parameters
from edge_perception.transport.ros import exchange
from edge_perception.transport.ros.exchange import EXCHANGE, fits
from edge_perception.transport.ros.node import RosNode

pytestmark = [
    pytest.mark.ros,
    pytest.mark.skipif(not exchange.TELLS_PUBLISHER, reason="rclpy does not tell the publisher"),
]
Text = messages.get("std_msgs/msg/String")
COUNT = 40


class Teller(NodeCore):
    """Says the numbers that it is told to, each as a text."""

    inputs = (Port("say", "std_msgs/msg/String", "say", queue=COUNT),)
    outputs = (
        Port("word", "std_msgs/msg/String", "word"),
        Port("kept", "std_msgs/msg/String", "kept", Qos.LATCHED),
    )

    def configure(self, parameters: Parameters) -> Outputs:
        return [("kept", Text(data="latched"))]

    def step(self, inputs: Mapping[str, Message], now: int) -> Outputs:
        return [("word", Text(data=one.data)) for one in inputs.get("say", ())]


class Listener(NodeCore):
    """Notes all that it hears."""

    inputs = (
        Port("word", "std_msgs/msg/String", "word", queue=2 * COUNT),
        Port("kept", "std_msgs/msg/String", "kept", Qos.LATCHED, optional=True),
    )

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.kept: list[str] = []

    def step(self, inputs: Mapping[str, Message], now: int) -> Outputs:
        self.heard += [one.data for one in inputs.get("word", ())]
        self.kept += [inputs["kept"].data] if "kept" in inputs else []
        return ()


class Pair:
    """A teller and listeners, in one process with what tells the teller."""

    def __init__(self, robot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.robot = robot
        self.teller = self.node("teller", Teller)
        self.listener = self.node("listener", Listener)
        self.say = robot.speak("say", String, 100)
        self.carried: list[bytes] = []
        publisher = self.teller.shell.outputs["word"]._publisher
        publish = publisher.publish

        def note(data: bytes) -> None:
            self.carried.append(data)
            publish(data)

        monkeypatch.setattr(publisher, "publish", note)

    def node(self, name: str, core: type[NodeCore], *ros_arguments: str) -> RosNode:
        node = RosNode(name, core, ros_arguments=ros_arguments)
        self.robot.nodes.append(node)
        assert node.start()
        self.robot.own.add_node(node)
        return node

    def tell(self, numbers: range) -> list[str]:
        words = [str(number) for number in numbers]
        for word in words:
            self.say.publish(String(data=word))
        return words


def heard(node: RosNode) -> list[str]:
    return node.shell.core.heard


@pytest.fixture
def pair(robot, monkeypatch):
    return Pair(robot, monkeypatch)


def test_without_a_listener_outside_the_middleware_carries_nothing(robot, pair):
    words = pair.tell(range(COUNT))
    robot.wait(lambda: len(heard(pair.listener)) >= COUNT)
    assert heard(pair.listener) == words
    assert pair.carried == []


def test_a_listener_outside_gets_the_same_bytes_and_those_inside_nothing_twice(robot, pair):
    outside = robot.hear("word", String, 100, raw=True)
    publisher = pair.teller.shell.outputs["word"]._publisher
    robot.wait(lambda: publisher.get_subscription_count() == 2)
    words = pair.tell(range(COUNT))
    robot.wait(lambda: len(outside) >= COUNT and len(heard(pair.listener)) >= COUNT)
    assert outside == [messages.serialize(Text(data=word)) for word in words]
    assert heard(pair.listener) == words
    # what comes by way of the middleware afterwards shows that all before it has been taken
    other = robot.speak("word", String, 100)
    other.publish(String(data="from outside"))
    robot.wait(lambda: "from outside" in heard(pair.listener))
    assert heard(pair.listener) == [*words, "from outside"]


def test_several_listeners_get_all_in_order_under_whatever_name(robot, pair):
    second = pair.node("second", Listener)
    third = pair.node("third", Listener, "-r", "__ns:=/far", "-r", "word:=/word")
    deaf = pair.node("deaf", Listener, "-r", "word:=other")
    words = pair.tell(range(COUNT))
    listeners = (pair.listener, second, third)
    robot.wait(lambda: all(len(heard(one)) >= COUNT for one in listeners))
    assert all(heard(one) == words for one in listeners)
    assert heard(deaf) == []
    assert pair.carried == []


def test_a_listener_that_is_inactive_hears_nothing_and_nobody_is_kept(robot, pair):
    topic = (pair.teller.context, "/word")
    robot.do(pair.listener.trigger_deactivate)
    assert EXCHANGE.readers(topic) == ()
    second = pair.node("second", Listener)
    pair.tell(range(3))
    robot.wait(lambda: len(heard(second)) >= 3)
    assert heard(pair.listener) == []
    robot.do(pair.listener.trigger_activate)
    words = pair.tell(range(3, 6))
    robot.wait(lambda: len(heard(pair.listener)) >= 3)
    assert heard(pair.listener) == words


def test_what_is_latched_reaches_late_listeners(robot, pair):
    late = pair.node("late", Listener)
    for node in (pair.listener, late):
        robot.wait(lambda node=node: node.shell.core.kept)
        assert node.shell.core.kept == ["latched"]


def test_quality_of_service_that_does_not_fit_parts_neighbours_too(robot, pair):
    strict = pair.node(
        "strict", Listener, "-p", "qos_overrides./word.subscription.durability:=transient_local"
    )
    pair.tell(range(3))
    robot.wait(lambda: len(heard(pair.listener)) >= 3)
    robot.wait(lambda: robot.level("strict: input word") == 2)
    assert "incompatible QoS" in robot.status["strict: input word"].message
    assert heard(strict) == []


def test_what_fits_is_what_ros_says():
    profiles = [
        QoSProfile(depth=1, reliability=reliability, durability=durability)
        for reliability, durability in product(
            (QoSReliabilityPolicy.RELIABLE, QoSReliabilityPolicy.BEST_EFFORT),
            (QoSDurabilityPolicy.TRANSIENT_LOCAL, QoSDurabilityPolicy.VOLATILE),
        )
    ]
    for offered, requested in product(profiles, repeat=2):
        verdict, _ = qos_check_compatible(offered, requested)
        assert fits(offered, requested) == (verdict != QoSCompatibility.ERROR)


def test_where_the_publisher_is_not_told_all_goes_through_the_middleware(robot, monkeypatch):
    monkeypatch.setattr(exchange, "TELLS_PUBLISHER", False)
    pair = Pair(robot, monkeypatch)
    words = pair.tell(range(3))
    robot.wait(lambda: len(heard(pair.listener)) >= 3)
    assert heard(pair.listener) == words
    assert len(pair.carried) == 3
