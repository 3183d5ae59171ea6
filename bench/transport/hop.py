"""
Frames of 640x480 from one process to another, 30 a second: ``python -m bench.transport.hop``.

The sender stamps each frame, the receiver notes its age. Zenoh is measured beside ours, as a
program would use it, without our transport.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import json
import os
import subprocess
import sys
import tempfile
import time

from bench.cache import BenchError
from bench.command import run_alone
from bench.robot.results import percentiles
from bench.transport import zenoh
from edge_compiler.terminal import say, say_table
from edge_compiler.units import Quantity
from edge_perception import messages
from edge_perception.core.stamps import nanoseconds, to_time
from edge_perception.messages.types import Header, Image
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.sp import registry
from edge_perception.transport.sp.process import linked, network

WAYS = ("nanomsg ipc", "nanomsg tcp", zenoh.NAME)
SECONDS, PERIOD = 10.0, 1 / 30
SETTLING = 2.0  # seconds in which the two find each other
_PIXELS = bytes(640 * 480 * 3)
TOPIC, TYPE = "/image", "sensor_msgs/msg/Image"
_Take = Callable[[bytes], None]


def main() -> int:
    """Measure each way and show it."""
    rows: list[list[object]] = []
    for way in WAYS:
        with tempfile.TemporaryDirectory() as folder:
            environment = os.environ | {registry.VARIABLE: folder}
            if way == zenoh.NAME:
                environment |= zenoh.environment()
            both = [
                subprocess.Popen(
                    [sys.executable, "-m", __spec__.name if __spec__ else __name__, role, way],
                    env=environment,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                for role in ("receive", "send")
            ]
            received, sent = (json.loads(one.communicate()[0] or "{}") for one in both)
        if not received.get("ages"):
            raise BenchError(f"{way}: no frame came")
        p50, p95, p99 = percentiles(received["ages"])
        shown = [f"{value:.2f}" for value in (p50, p95, p99, sent["cpu"], received["cpu"])]
        lost = f"{sent['count'] - len(received['ages'])} of {sent['count']}"
        rows.append([way, *(Quantity(one) for one in (*shown, lost))])
    titles = ["640x480 rgb8, 30 a second", "p50 [ms]", "p95 [ms]", "p99 [ms]"]
    say()
    say_table([*titles, "sender [CPU ms a frame]", "receiver [CPU ms a frame]", "lost"], rows)
    return 0


def work(role: str, way: str) -> None:
    """Be the sender or the receiver; print what was measured."""
    ages: list[float] = []

    def take(data: bytes) -> None:
        arrived = time.time_ns()
        image = messages.deserialize(data, Image)
        ages.append((arrived - nanoseconds(image.header.stamp)) / 1e6)

    opened = _zenoh if way == zenoh.NAME else _nanomsg
    with opened(way, take if role == "receive" else None) as send:
        time.sleep(SETTLING)
        used, count = time.process_time(), 0
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < SECONDS:
            if role == "send":
                frame = (
                    _frame()
                )  # and the one before is kept until then, as a camera's buffers are
                send(frame)
                count += 1
            time.sleep(max(0.0, (count + (role == "receive")) * PERIOD - passed) or PERIOD)
        if role == "receive":
            time.sleep(SETTLING)
    used = time.process_time() - used
    frames = max(count, len(ages), 1)
    print(json.dumps({"ages": ages, "count": count, "cpu": 1000 * used / frames}))


def _frame() -> bytes:
    stamp = Header(stamp=to_time(time.time_ns()))
    return messages.serialize(
        Image(header=stamp, height=480, width=640, encoding="rgb8", step=1920, data=_PIXELS)
    )


@contextmanager
def _nanomsg(way: str, take: _Take | None) -> Iterator[_Take]:
    bus, within = Bus(), way.split()[1]
    end = End("/bench", TOPIC, TYPE, take or (lambda data: None))
    if take:
        bus.read(end)
    else:
        bus.advertise(end)
    with linked(bus, network("receiver" if take else "sender", within), lambda request: b""):
        yield lambda data: bus.publish(end, data)


@contextmanager
def _zenoh(way: str, take: _Take | None) -> Iterator[_Take]:
    with zenoh.session() as session:
        if take:
            given = take
            kept = session.declare_subscriber("image", lambda one: given(bytes(one.payload)))
        else:
            kept = session.declare_publisher("image")
        yield getattr(kept, "put", lambda data: None)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        work(*sys.argv[1:])
    else:
        sys.exit(run_alone(main))
