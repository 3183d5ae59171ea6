"""What the nodes say over ROS 2 is what they say in bag time, to the byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lockstep
from lockstep import LockStep, SAID
import pytest

from edge_perception.nodes import base
from edge_perception.robot.plan import Start
from edge_perception.transport.bag.clock import BagClock
from edge_perception.transport.ros.arguments import arguments_of
from edge_perception.transport.ros.endpoints import RosEndpoints
from edge_perception.transport.ros.typesupport import rosidl_class

pytestmark = pytest.mark.ros


class InBagTime(RosEndpoints):
    """The end points of a node whose time is that of a bag."""

    def __init__(self, start: Start, clock: BagClock) -> None:
        self.node = base.make(base.find(start.kind), arguments_of(start))
        super().__init__(self.node)
        self._clock = clock

    def now(self) -> int:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()


def test_the_same_run_over_ros(robot: Any, tmp_path: Path, tiny_bundle: Path) -> None:
    bag = lockstep.record(tmp_path / "run.mcap")
    parts = lockstep.parts_of(bag, tiny_bundle)
    expected = lockstep.said_in_bag_time(bag, parts)
    assert {topic for _, topic, _ in expected} == SAID.keys()
    run = LockStep(bag)
    for start in parts.starts:
        endpoints = InBagTime(start, run.clock)
        robot.nodes.append(endpoints.node)
        run.add(start, endpoints)
    heard = {
        topic: robot.hear(topic, rosidl_class(type_), raw=True) for topic, type_ in SAID.items()
    }
    tell = {
        topic.name: robot.peer.create_publisher(rosidl_class(topic.type), topic.name, 10)
        for topic in bag.topics()
    }

    def is_ready() -> bool:
        """Tell whether each side has found what the other one publishes and reads."""
        nodes = [robot.peer, *robot.nodes]
        ends = [end for node in nodes for end in (*node.publishers, *node.subscriptions)]
        return all(
            end.get_subscription_count()
            if hasattr(end, "get_subscription_count")
            else end.get_publisher_count()
            for end in ends
            if end.topic_name in (*SAID, *tell)
        )

    run.play(lambda topic, type_, data: tell[topic].publish(data), heard, expected, is_ready)
