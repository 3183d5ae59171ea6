"""Listens to the robot from outside, as an actuator would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
import os
import time
from typing import Any, NamedTuple

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
CAMERA_INFO = "sensor_msgs/msg/CameraInfo"
_QUEUE = 100
"""Messages that wait for a watcher that has no processor: none must be missing."""


class Sight(NamedTuple):
    """
    An image that was decided on.

    :ivar age: when the decision arrived [ms].
    :ivar work: how long all stages worked on it [ms].
    :ivar interval: from this image to the next one of the camera [ms]; 0 if there was none.
    """

    age: float
    work: float
    interval: float

    @property
    def late(self) -> float:
        """Return what of the age is neither work nor the time until there was a newer image."""
        return self.age - self.work - self.interval


class Watcher:
    """
    What was heard so far.

    :ivar images: stamps of all that the camera gave [ns].
    :ivar decided: by the image's stamp [ns], when the first decision on it arrived [ns].
    :ivar runs: by the image's stamp [ns], how long the model ran [ms].
    :ivar works: by the image's stamp [ns], how long all stages worked on it [ms].
    """

    def __init__(self, spin: Callable[[float], None]) -> None:
        """
        Begin with nothing.

        :param spin: waits for a message so many seconds at most, and hands it over
        """
        self.images: list[int] = []
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

    def sights(self, begin: int) -> list[Sight]:
        """
        Return what was decided on.

        :param begin: older images don't count; stamps are nanoseconds
        """
        intervals = {one: (after - one) / 1e6 for one, after in pairwise(self.images)}
        return [
            Sight((arrived - stamp) / 1e6, self.works[stamp], intervals.get(stamp, 0.0))
            for stamp, arrived in self.decided.items()
            if stamp >= begin and stamp in self.works
        ]

    def take_image(self, data: bytes, info: MessageInfo) -> None:
        """Note an image, by what the camera tells of it."""
        said = messages.deserialize(data, messages.get(CAMERA_INFO))
        self.images.append(nanoseconds(said.header.stamp))

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
def watcher(domain: int, *, images: bool = False) -> Iterator[Watcher]:
    """
    Listen on a ROS domain.

    :param images: also to when the camera gives one
    """
    with outsider(domain) as (node, executor):
        heard = Watcher(executor.spin_once)
        takers: list[tuple[str, str, Any]] = [
            (DECISION, "decision", heard.take_decision),
            (DETECTIONS, "detections", heard.take_detections),
        ]
        if images:
            takers.append((CAMERA_INFO, "camera/camera_info", heard.take_image))
        for kind, topic, take in takers:
            node.create_subscription(rosidl_class(kind), topic, take, _QUEUE, raw=True)
        yield heard
