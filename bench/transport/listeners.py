"""Who listens to the robot from outside: to images, as the perception does, and to decisions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
import math
import os
from pathlib import Path
import threading
import time

from bench.transport import zenoh
from bench.transport.modes import Mode, NANOMSG, ROS
from edge_perception import messages
from edge_perception.core.stamps import nanoseconds
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.sp import registry
from edge_perception.transport.sp.process import linked, network

TOPICS = {
    "image": ("/camera/image_raw", "sensor_msgs/msg/Image"),
    "info": ("/camera/camera_info", "sensor_msgs/msg/CameraInfo"),
    "decision": ("/decision", "edge_perception/msg/Decision"),
}


class Heard:
    """
    When messages with a stamp came first, by kind.

    :ivar came: by the stamp [ns], the time of arrival [ns]
    :ivar first: when the first decision on an image came [s, of time.monotonic]
    """

    def __init__(self) -> None:
        self.came: dict[str, dict[int, int]] = {kind: {} for kind in TOPICS}
        self.first = math.inf
        self._decided = threading.Event()

    def take(self, kind: str, data: bytes) -> None:
        """Note a message; in any thread."""
        arrived = time.time_ns()
        message = messages.deserialize(data, messages.get(TOPICS[kind][1]))
        if stamp := nanoseconds(message.header.stamp):
            self.came[kind].setdefault(stamp, arrived)
            if kind == "decision" and not self._decided.is_set():
                self.first = time.monotonic()
                self._decided.set()

    def wait(self, seconds: float) -> bool:
        """Wait for a decision on an image; return whether it came."""
        return self._decided.wait(seconds)

    def ages(self, kind: str, begin: int, end: int) -> list[float]:
        """Return how old messages were when they came [ms], of those stamped in that time."""
        return [
            (arrived - stamp) / 1e6
            for stamp, arrived in self.came[kind].items()
            if begin <= stamp < end
        ]

    def lost(self, begin: int, end: int) -> int:
        """Return how many images did not come, of those whose camera_info did."""
        wanted = {stamp for stamp in self.came["info"] if begin <= stamp < end}
        return len(wanted - self.came["image"].keys())


@contextmanager
def listener(mode: Mode, folder: Path, domain: int) -> Iterator[Heard | None]:
    """Listen while the context lasts; None: nothing can be heard outside."""
    ways = {ROS: partial(_over_ros, domain), NANOMSG: partial(_over_nanomsg, mode, folder)}
    with ways.get(mode.transport, nullcontext)() as heard:
        yield heard


@contextmanager
def _over_nanomsg(mode: Mode, folder: Path) -> Iterator[Heard]:
    heard, bus = Heard(), Bus()
    for kind, (topic, type_) in TOPICS.items():
        bus.read(End("/bench", topic, type_, partial(heard.take, kind)))
    before = os.environ.copy()
    os.environ |= {**mode.variables, registry.VARIABLE: str(folder)}
    if mode.program == zenoh.__name__:
        zenoh.offer()
    try:
        with linked(bus, network(), lambda request: b""):
            yield heard
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _over_ros(domain: int) -> Iterator[Heard]:
    from rclpy.qos import qos_profile_sensor_data

    from bench.robot.watch import outsider
    from edge_perception.transport.ros.typesupport import rosidl_class

    heard = Heard()
    with outsider(domain) as (node, executor):
        for kind, (topic, type_) in TOPICS.items():
            node.create_subscription(
                rosidl_class(type_),
                topic,
                partial(heard.take, kind),
                qos_profile_sensor_data if kind == "image" else 100,
                raw=True,
            )
        thread = threading.Thread(target=executor.spin, daemon=True)
        thread.start()
        try:
            yield heard
        finally:
            executor.shutdown()
            thread.join()
