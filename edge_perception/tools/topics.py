"""``edge-robot topics``, ``info``, ``hz`` and ``echo``: what `ros2 topic` shows, without ROS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from queue import Empty, SimpleQueue
import statistics
import sys
import time
from typing import Any

from edge_perception import messages
from edge_perception.core.names import one_of
from edge_perception.messages.type_hash import PREFIX
from edge_perception.robot.plan import RequestError
from edge_perception.tools.display import as_yaml
from edge_perception.tools.graph import Known, known
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.sp.announcement import Offer, Want
from edge_perception.transport.sp.process import linked, Network

IMAGE = "sensor_msgs/msg/Image"
_ME = "/edge_robot"
_WINDOW = 10000  # messages over which a rate is taken, as `ros2 topic hz` does
_REPORT = 1.0  # seconds between two lines of a rate


def listing(network: Network, types: bool) -> str:
    """Return the topics, a line each."""
    found: dict[str, set[str]] = {}
    for end in _ends(known(network)):
        found.setdefault(end.topic, set()).add(end.type)
    lines = [
        f"{topic} [{', '.join(sorted(found[topic]))}]" if types else topic
        for topic in sorted(found)
    ]
    return "\n".join(lines)


def information(network: Network, topic: str, verbose: bool) -> str:
    """
    Return who publishes and reads a topic.

    :raises RequestError: if there is no such topic
    """
    there = known(network)
    topic = _full(there, topic)
    offers = [one for said in there.said for one in said.offers if one.topic == topic]
    wants = [one for said in there.said for one in said.wants if one.topic == topic]
    types = sorted({one.type for one in offers} | {one.type for one in wants})
    lines = [f"Type: {', '.join(types)}", "", f"Publisher count: {len(offers)}"]
    if verbose:
        for offer in offers:
            lines += ["", *_endpoint(offer, "PUBLISHER"), f"Address: {offer.address}"]
            lines += [f"Shared memory: {offer.ring}"] if offer.ring else []
        lines.append("")
    lines.append(f"Subscription count: {len(wants)}")
    if verbose:
        for want in wants:
            lines += ["", *_endpoint(want, "SUBSCRIPTION")]
    return "\n".join(lines)


def rate(network: Network, topic: str) -> None:
    """Print how often messages come, once a second, until interrupted."""
    with _heard(network, topic) as (_, queue):
        times: list[float] = []
        due = time.monotonic() + _REPORT
        while True:
            with suppress(Empty):
                times.append(queue.get(timeout=max(0.0, due - time.monotonic()))[0])
            if time.monotonic() >= due:  # however fast messages come
                due = time.monotonic() + _REPORT
                times = times[-_WINDOW:]
                _print_rate(times)


def echo(
    network: Network, topic: str, once: bool, whole: bool, no_arrays: bool, image: Path | None
) -> None:
    """
    Print messages as they come, until interrupted.

    :param once: stop after one
    :param whole: show all of long arrays and texts
    :param no_arrays: show no elements of arrays of numbers
    :param image: write the next image into this file instead
    :raises RequestError: if there is no such topic, or it has no images
    """
    with _heard(network, topic) as (type_, queue):
        if image is not None and type_ != IMAGE:
            raise RequestError(f"{topic} has messages of {type_}: --image needs {IMAGE}")
        while True:
            message = messages.deserialize(queue.get()[1], messages.get(type_))
            if image is not None:
                _write(message, image)
                return
            print(f"{as_yaml(message, whole, not no_arrays)}\n---", flush=True)
            if once:
                return


@contextmanager
def _heard(network: Network, topic: str) -> Iterator[tuple[str, SimpleQueue[tuple[float, bytes]]]]:
    """
    Read a topic while the context lasts.

    :returns: its type, and messages with the times (monotonic seconds) at which they came
    """
    there = known(network)
    topic = _full(there, topic)
    type_ = next(end.type for end in _ends(there) if end.topic == topic)
    bus, queue = Bus(), SimpleQueue[tuple[float, bytes]]()
    bus.read(End(_ME, topic, type_, lambda data: queue.put((time.monotonic(), data))))
    with linked(bus, network, lambda request: b""):
        yield type_, queue


def _ends(there: Known) -> Iterator[Offer | Want]:
    for said in there.said:
        yield from said.offers
        yield from said.wants


def _full(there: Known, topic: str) -> str:
    """Return a topic's full name."""
    topics = sorted({end.topic for end in _ends(there)})
    for name in (topic, f"/{topic}"):
        if name in topics:
            return name
    raise RequestError(f"there is no topic {topic!r}; {one_of(topic, topics)}")


def _endpoint(end: Offer | Want, kind: str) -> list[str]:
    namespace, _, name = end.node.rpartition("/")
    hashed = [f"Topic type hash: {PREFIX}{end.digest}"] if isinstance(end, Offer) else []
    return [
        f"Node name: {name}",
        f"Node namespace: {namespace or '/'}",
        f"Topic type: {end.type}",
        *hashed,
        f"Endpoint type: {kind}",
    ]


def _print_rate(times: list[float]) -> None:
    gaps = [after - before for before, after in pairwise(times)]
    if not gaps:
        print("no new messages", flush=True)
        return
    print(
        f"average rate: {len(gaps) / sum(gaps):.3f}\n"
        f"\tmin: {min(gaps):.3f}s max: {max(gaps):.3f}s"
        f" std dev: {statistics.pstdev(gaps):.5f}s window: {len(gaps)}",
        flush=True,
    )


def _write(message: Any, path: Path) -> None:
    """
    Write an image into a file.

    :raises RequestError: if it can't be written
    """
    try:
        from PIL import Image

        from edge_perception.views.annotation import rgb
    except ImportError as error:
        raise RequestError(f"--image needs Pillow ({error}): pip install pillow") from error
    try:
        Image.fromarray(rgb(message)).save(path)
    except (OSError, ValueError) as error:
        raise RequestError(f"{path} can't be written as a picture: {error}") from error
    print(f"{path}: {message.width}x{message.height}", file=sys.stderr)
