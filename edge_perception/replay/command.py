"""``edge-robot replay``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from edge_perception.bags.bag import Bag
from edge_perception.bags.stamp_time import timed_by
from edge_perception.replay import expectations, live, results
from edge_perception.replay import labels as label_files
from edge_perception.replay.album import Album
from edge_perception.replay.expectations import Expectations
from edge_perception.replay.labels import Labels
from edge_perception.replay.metrics import measure
from edge_perception.replay.observation import Observer, Roles
from edge_perception.replay.page.html import page
from edge_perception.replay.progress import Progress
from edge_perception.replay.results import Result
from edge_perception.replay.run import play, Played, Playing
from edge_perception.replay.sources import Cast, cast
from edge_perception.robot.graph import Graph
from edge_perception.robot.plan import RequestError
from edge_perception.transport.bag.scheduler import Listen
from edge_perception.transport.stop import Stop

if TYPE_CHECKING:
    from edge_perception.transport.sp.process import Network

IN_BAG_TIME = "bag"
"""The transport that is none: cores are called one after the other, in the time of the bag."""
INTERRUPTED = 130


def run(
    graph: Graph,
    values: dict[str, str],
    options: argparse.Namespace,
    network: Callable[[], Network],
    listeners: Sequence[Listen] = (),
) -> int:
    """
    Replay a bag.

    :param network: returns how other processes find the nodes, if they are linked by nanomsg.
    :param listeners: who else is told of all that is published.
    :returns: the exit code
    :raises BagError: if it can't be read.
    :raises ReplayError: if a node can't be started.
    :raises RequestError: if something is asked that the bag has not, or not once.
    :raises FileError: if what is expected, or labels, can't be read.
    """
    expected = expectations.load(options.expect) if options.expect else Expectations()
    labels = _labels(options)
    bag = Bag(options.bag)
    bag.timed_by = timed_by(Bag(options.bag).records())
    parts = cast(
        graph, bag.topics(), values, options.from_bag, _names(options.topic), options.params_file
    )
    looks = roles(graph, parts, labels)
    observer, album = Observer(looks), Album(looks)
    listeners = [observer.listen, *([album.listen] if options.html else []), *listeners]
    progress = Progress(bag.end())
    try:
        if options.transport == IN_BAG_TIME:
            played = _play(bag, parts, options, listeners, progress)
        else:
            _refuse_options_of_bag_time(options)
            _say_parts(parts, bag)
            played = live.play(
                bag,
                parts,
                graph,
                looks,
                live.on_ros if options.transport == "ros" else live.on_nanomsg(network()),
                options.rate or 1.0,
                [*listeners, lambda moment, end, data: progress.update(moment)],
            )
    finally:
        progress.close()
    _say(played, options.out)
    if options.transport != IN_BAG_TIME:
        _warn_of_superseded(observer.observed.dropped)
    numbers = measure(observer.observed, labels, expected.hold)
    nodes = [start.name for start in parts.starts]
    found = results.result(options.bag, played, nodes, numbers)
    _report(found, expected, options)
    if options.html:
        results.write_text(options.html, page(found, expected, observer.observed, labels, album))
    if not played.whole:
        return INTERRUPTED
    return 0 if found.right(expected) else results.NOT_AS_EXPECTED


def _report(found: Result, expected: Expectations, options: argparse.Namespace) -> None:
    """Print the numbers, and write them for programs."""
    if found.numbers or expected.ranges:
        print(f"\n{results.table(found, expected)}")
    if options.json:
        results.write_json(options.json, results.as_json(found, expected))
    if options.junit:
        results.write_junit(options.junit, [found], expected)


def _play(
    bag: Bag,
    parts: Cast,
    options: argparse.Namespace,
    listeners: Sequence[Listen],
    progress: Progress,
) -> Played:
    """Play a bag in its own time, without a transport."""
    stop = Stop()
    _say_parts(parts, bag)

    def wait(seconds: float) -> bool:
        if seconds:
            stop.wait(seconds)
        return bool(stop)

    playing = Playing(options.rate, options.clock == "measured", options.out)
    return play(bag, parts, playing, listeners=listeners, progress=progress.update, wait=wait)


def _refuse_options_of_bag_time(options: argparse.Namespace) -> None:
    """
    Look for options that mean nothing where time goes on by itself.

    :raises RequestError: if there is one
    """
    if options.clock == "measured":
        raise RequestError(
            "--clock measured: time is always measured on a transport; leave it out"
        )
    if options.out:
        raise RequestError(
            f"--out is without a transport: edge-robot record --transport {options.transport} "
            "records what is said on one"
        )


def _warn_of_superseded(pictures: int) -> None:
    """Say that pictures were not looked at, if there are any."""
    if pictures:
        print(
            f"warning: {pictures} pictures were superseded before they were looked at: this "
            "machine does not keep up; a lower --rate helps, and without --transport none is "
            "missed",
            file=sys.stderr,
        )


def roles(graph: Graph, parts: Cast, labels: Labels) -> Roles:
    """Return the topics that numbers are made of."""
    return Roles(
        image=parts.topic(graph, "camera", "image"),
        decision=parts.topic(graph, "decision", "decision"),
        detections=parts.topic(graph, "perception", "detections"),
        status=parts.topic(graph, "perception", "status"),
        pose=parts.topic(graph, "pose", "odometry"),
        unlock=parts.topic(graph, "decision", "unlock"),
        truth=labels.pose,
        boxes=labels.boxes if isinstance(labels.boxes, str) else "",
    )


def _labels(options: argparse.Namespace) -> Labels:
    """Return what is true in the bag: as given, or in the file beside it."""
    path = options.labels or label_files.beside(options.bag)
    return label_files.load(path) if path else Labels()


def _names(given: list[str]) -> dict[str, str]:
    """Return the topics of the robot by those of the bag."""
    names = {}
    for text in given:
        own, _, theirs = text.partition("=")
        if not (own and theirs):
            raise RequestError(f"--topic is {text!r}; expected ROBOT=BAG, such as /scan=/lidar")
        names[theirs] = own if own.startswith("/") else f"/{own}"
    return names


def _say_parts(parts: Cast, bag: Bag) -> None:
    """Print who plays which part, and by what time."""
    print(f"nodes   {', '.join(start.name for start in parts.starts)}", flush=True)
    for node, topic in parts.recorded.items():
        print(f"bag     {topic} in place of {node}")
    if bag.timed_by:
        print(f"time    that of the stamps of {bag.timed_by}, far from when they were recorded")
    for sentence in parts.missing:
        print(f"warning: {sentence}", file=sys.stderr)


def _say(played: Played, out: Path | None) -> None:
    """Print what became of it."""
    for sentence in played.problems:
        print(f"warning: {sentence}", file=sys.stderr)
    speed = played.seconds / played.wall if played.wall else 0.0
    print(
        f"played  {played.messages} messages, {played.seconds:.1f} s in {played.wall:.1f} s, "
        f"{speed:.1f} times real time" + ("" if played.whole else "; interrupted")
    )
    for topic, count in sorted(played.published.items()):
        print(f"        {count} on {topic}")
    if out:
        print(f"wrote   {out}")
