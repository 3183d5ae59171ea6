"""What nodes without ROS say to ROS 2, by what it tells them, is the same to the byte."""

from __future__ import annotations

from pathlib import Path
import threading
from typing import Any

import lockstep
from lockstep import LinkedInBagTime, LockStep, SAID
import pytest
import rclpy

from edge_perception.transport.bridge.bridge import Bridge
from edge_perception.transport.bridge.rules import Direction, NAME, Rules, Side
from edge_perception.transport.local.bus import Bus
from edge_perception.transport.ros.typesupport import rosidl_class
from edge_perception.transport.sp import registry
from edge_perception.transport.sp.process import linked, Network

pytestmark = pytest.mark.ros


def test_the_same_run_over_the_bridge(
    robot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_bundle: Path
) -> None:
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setenv(registry.VARIABLE, str(tmp_path / "run"))
    bag = lockstep.record(tmp_path / "run.mcap")
    parts = lockstep.parts_of(bag, tiny_bundle)
    expected = lockstep.said_in_bag_time(bag, parts)
    assert {topic for _, topic, _ in expected} == SAID.keys()
    told = {topic.name: topic.type for topic in bag.topics()}
    sides = {Direction.TO_ROS: Side(tuple(SAID)), Direction.FROM_ROS: Side(tuple(told))}
    heard = {
        topic: robot.hear(topic, rosidl_class(type_), raw=True) for topic, type_ in SAID.items()
    }
    tell = {
        topic: robot.peer.create_publisher(rosidl_class(type_), topic, 10)
        for topic, type_ in told.items()
    }
    node = rclpy.create_node(NAME, context=robot.context)
    robot.others.add_node(node)
    own, bridged, connected = Bus(), Bus(), threading.Event()

    def is_ready() -> bool:
        """Tell whether all is connected, on both sides of the bridge."""
        if (
            all(publisher.get_subscription_count() for publisher in tell.values())
            and all(len(robot.peer.get_publishers_info_by_topic(topic)) == 1 for topic in SAID)
            and all(any(end.process for end in own.readers(*one)) for one in SAID.items())
            and all(any(end.process for end in bridged.readers(*one)) for one in told.items())
        ):
            connected.set()
        return connected.is_set()

    with (
        linked(own, Network("robot"), lambda request: b"") as link,
        linked(bridged, Network(NAME), lambda request: b"") as other,
    ):
        bridge = Bridge(node, node, bridged, other, Rules(sides, ()))
        run = LockStep(bag)
        for start in parts.starts:
            run.add(start, LinkedInBagTime(own, link, start, run.clock))
        run.play(
            lambda topic, type_, data: tell[topic].publish(data),
            heard,
            expected,
            is_ready,
            lambda: None if connected.is_set() else bridge.look(),
        )
    robot.others.remove_node(node)
    node.destroy_node()
