"""
One recorded run through the robot's nodes, on the end points of any transport, in bag time.

A message of the run is sent by somebody outside; when it has come to all who read it, the nodes
are called as in a replay without a transport. So what they say must be the same to the byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
import math
from pathlib import Path
import time

from edge_perception import messages
from edge_perception.bags.bag import Bag
from edge_perception.bags.record import Topic
from edge_perception.bags.writer import BagWriter
from edge_perception.core.node import Traffic
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.environment import this_machine
from edge_perception.messages import Message
from edge_perception.messages.types import Header, Image, Imu, Odometry, Vector3
from edge_perception.nodes import base
from edge_perception.replay.sources import Cast, cast
from edge_perception.robot import graph as graphs
from edge_perception.robot.plan import Start
from edge_perception.transport.bag.clock import BagClock
from edge_perception.transport.bag.environment import without_devices
from edge_perception.transport.bag.replay import BAG, replay
from edge_perception.transport.bag.scheduler import BagBus, Scheduler
from edge_perception.transport.endpoints import Endpoints
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.shell import Shell
from edge_perception.transport.sp.endpoints import SpEndpoints
from edge_perception.transport.sp.link import Link

PATIENCE = 180.0
BEGIN = 1_700_000_000 * SECOND
SAID: Mapping[str, str] = {
    "/detections": "edge_perception/msg/DetectionArray",
    "/odometry/filtered": "nav_msgs/msg/Odometry",
    "/decision": "edge_perception/msg/Decision",
}
"""The topics that are compared, and their types."""
Send = Callable[[str, str, bytes], None]
"""Publishes a message, given its topic and type, from outside of the robot."""


def record(path: Path, seconds: float = 3.0) -> Bag:
    """Write and return a run: ten pictures a second, wheels that turn, an IMU that moves along."""
    writer = BagWriter(path, {})
    for tick in range(round(seconds * 50)):
        now = BEGIN + tick * SECOND // 50
        header = Header(stamp=to_time(now), frame_id="imu_link")
        noise = 0.02 * math.sin(7 * tick)  # without which an IMU is taken for a frozen one
        imu = Imu(header=header, linear_acceleration=Vector3(noise, noise, 9.80665 + noise))
        imu.angular_velocity = Vector3(noise / 50, -noise / 50, noise / 50)
        imu.angular_velocity_covariance[[0, 4, 8]] = 1e-6
        imu.linear_acceleration_covariance[[0, 4, 8]] = 1e-4
        said: list[tuple[int, str, Message]] = [(1_000_000, "/imu/data", imu)]
        if tick % 5 == 0:
            header = Header(stamp=to_time(now), frame_id="camera")
            color = bytes([250, 10, 10] if tick % 50 < 25 else [10, 250, 10])
            picture = Image(header, 30, 40, "rgb8", 0, 120, color * 1200)
            wheels = Odometry(header=Header(stamp=to_time(now), frame_id="odom"))
            wheels.child_frame_id = "base_link"
            wheels.twist.twist.linear.x = 0.3 if tick > 75 else 0.0
            wheels.twist.covariance[[0, 7, 14, 21, 28, 35]] = 1e-4
            said += [(5_000_000, "/camera/image_raw", picture), (6_000_000, "/odom", wheels)]
        for late, topic, message in said:
            data = messages.serialize(message)
            writer.write(now + late, Topic(topic, message.__msgtype__), data)
    writer.close()
    return Bag(path)


def parts_of(bag: Bag, model: Path) -> Cast:
    """Return the nodes that work on a run."""
    return cast(graphs.load(None), bag.topics(), {"model": str(model)})


def said_in_bag_time(bag: Bag, parts: Cast) -> list[tuple[int, str, bytes]]:
    """Return what the nodes say without any transport: when, where, and the bytes."""
    found: list[tuple[int, str, bytes]] = []

    def listen(moment: int, end: End, data: bytes) -> None:
        if end.node != BAG and end.topic in SAID:
            found.append((moment, end.topic, data))

    make = lambda kind, environment: base.find(kind).make_core(environment)  # noqa: E731
    for _ in replay(bag, parts.starts, make, this_machine(), listen):
        pass
    return found


class LinkedInBagTime(SpEndpoints):
    """The end points of a node on a linked bus, whose time is that of a run."""

    def __init__(self, bus: Bus, link: Link, start: Start, clock: BagClock) -> None:
        super().__init__(bus, start, link, lambda *words: None)
        self._clock = clock


class LockStep:
    """
    Nodes that are called in the time of a run.

    :ivar clock: their time, which end points are to return.
    """

    def __init__(self, bag: Bag) -> None:
        self._records = list(bag.records())
        self.clock = BagClock(self._records[0].time, measured=False)
        self._scheduler = Scheduler(self.clock, BagBus(self.clock, lambda *said: None))
        self._nodes: list[tuple[Shell, Endpoints]] = []
        self._environment = replace(
            without_devices(this_machine()), monotonic=self.clock.monotonic_ns
        )

    def add(self, start: Start, endpoints: Endpoints) -> Shell:
        """Return a node on end points."""
        make_core = partial(base.find(start.kind).make_core, self._environment)
        shell = Shell(make_core, endpoints, self._scheduler.worker)
        self._nodes.append((shell, endpoints))
        return shell

    def play(
        self,
        send: Send,
        heard: Mapping[str, Sequence[bytes]],
        expected: Sequence[tuple[int, str, bytes]],
        is_ready: Callable[[], bool],
        look: Callable[[], object] = lambda: None,
    ) -> None:
        """
        Let the nodes live through the run, and compare what is heard outside with what must be.

        :param heard: by topic, what has come; somebody else adds to it.
        :param is_ready: tells whether those outside and the nodes have found each other.
        :param look: is called while it is waited for something.
        """
        try:
            assert all(shell.configure() for shell, _ in self._nodes)
            assert all(shell.activate() for shell, _ in self._nodes)
            self._wait(lambda: is_ready() and self._has_labels(), look)
            for record in self._records:
                self._scheduler.advance(record.time)
                readers = self._readers(record.topic.name)
                counts = [traffic.received + 1 for traffic in readers]
                send(record.topic.name, record.topic.type, record.data)
                self._wait(lambda: [one.received for one in readers] == counts, look)  # noqa: B023
                self._scheduler.settle()
                self._compare(heard, [one for one in expected if one[0] <= record.time], look)
        finally:
            for shell, _ in reversed(self._nodes):
                shell.clean_up()

    def _compare(
        self,
        heard: Mapping[str, Sequence[bytes]],
        expected: Sequence[tuple[int, str, bytes]],
        look: Callable[[], object],
    ) -> None:
        """Wait for what must have been said until now, and compare it."""
        for topic, came in heard.items():
            due = [data for _, name, data in expected if name == topic]
            self._wait(lambda: len(came) >= len(due), look)  # noqa: B023
            assert list(came) == due, topic

    def _readers(self, topic: str) -> list[Traffic]:
        """Return the counts of what came on a topic, one of each node that reads it."""
        return [
            shell.core.traffic[port]
            for shell, _ in self._nodes
            for port, name in shell.core.topics.items()
            if name == topic
        ]

    def _has_labels(self) -> bool:
        """Tell whether what perception says at its start has come."""
        return all(traffic.received for traffic in self._readers("/labels"))

    def _wait(self, condition: Callable[[], bool], look: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, "what was sent did not come"
            look()
            for _, endpoints in self._nodes:
                endpoints.fetch()
            time.sleep(0.0005)
