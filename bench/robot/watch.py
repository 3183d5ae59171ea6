"""Listens to the robot from outside, as an actuator would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import os
import time
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.subscription import MessageInfo

from edge_perception import messages
from edge_perception.core.stamps import nanoseconds
from edge_perception.transport.ros.profile import use_transport_profile
from edge_perception.transport.ros.typesupport import rosidl_class

DECISION, DETECTIONS = "edge_perception/msg/Decision", "edge_perception/msg/DetectionArray"


class Watcher:
    """
    What was heard so far.

    :ivar decided: by the image's stamp [ns], when the first decision on it arrived [ns].
    :ivar runs: by the image's stamp [ns], how long the model ran [ms].
    :ivar works: by the image's stamp [ns], how long all stages worked on it [ms].
    """

    def __init__(self, spin: Callable[[float], None]) -> None:
        """
        Begin with nothing.

        :param spin: waits for a message so many seconds at most, and hands it over
        """
        self.decided: dict[int, int] = {}
        self.runs: dict[int, float] = {}
        self.works: dict[int, float] = {}
        self._spin = spin

    def listen(self, seconds: float) -> None:
        """Listen for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._spin(left)

    def first_decision(self, seconds: float) -> bool:
        """Listen until there is a decision on an image; tell whether it came in time."""
        end = time.monotonic() + seconds
        while not self.decided and (left := end - time.monotonic()) > 0:
            self._spin(left)
        return bool(self.decided)

    def latencies(self, begin: int) -> list[tuple[float, float]]:
        """
        Return for each image its age when its decision arrived and the model's part of it [ms].

        :param begin: older images don't count; stamps are nanoseconds
        """
        return [
            ((arrived - stamp) / 1e6, self.runs[stamp])
            for stamp, arrived in self.decided.items()
            if stamp >= begin and stamp in self.runs
        ]

    def waits(self, begin: int) -> list[tuple[float, float]]:
        """
        Return for each image its age when its decision arrived, and that without the work [ms].

        :param begin: older images don't count; stamps are nanoseconds
        """
        return [
            (age, age - self.works[stamp])
            for stamp, arrived in self.decided.items()
            if stamp >= begin and stamp in self.works
            for age in [(arrived - stamp) / 1e6]
        ]

    def take_decision(self, data: bytes, info: MessageInfo) -> None:
        """Note a decision, unless it repeats one."""
        decision = messages.deserialize(data, messages.get(DECISION))
        if stamp := nanoseconds(decision.header.stamp):
            self.decided.setdefault(stamp, info["received_timestamp"])

    def take_detections(self, data: bytes, info: MessageInfo) -> None:
        """Note how long the model ran, and all stages."""
        detections = messages.deserialize(data, messages.get(DETECTIONS))
        stamp = nanoseconds(detections.header.stamp)
        times = {stage.name: stage.milliseconds for stage in detections.stages}
        self.works[stamp] = sum(times.values()) - times.get("wait", 0.0)
        if "run" in times:
            self.runs[stamp] = times["run"]


@contextmanager
def outsider(domain: int) -> Iterator[tuple[Node, SingleThreadedExecutor]]:
    """Make a node on a ROS domain that is none of the robot's, and what spins it."""
    use_transport_profile()
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    context = Context()
    rclpy.init(context=context, domain_id=domain)
    node = rclpy.create_node(
        "bench",
        context=context,
        enable_rosout=False,
        start_parameter_services=False,
    )
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    try:
        yield node, executor
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.shutdown(context=context)


@contextmanager
def watcher(domain: int) -> Iterator[Watcher]:
    """Listen on a ROS domain."""
    with outsider(domain) as (node, executor):
        heard = Watcher(executor.spin_once)
        takers: tuple[tuple[str, str, Any], ...] = (
            (DECISION, "decision", heard.take_decision),
            (DETECTIONS, "detections", heard.take_detections),
        )
        for kind, topic, take in takers:
            node.create_subscription(rosidl_class(kind), topic, take, 10, raw=True)
        yield heard
