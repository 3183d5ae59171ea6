"""``edge-robot bag info``, ``check``, ``cut`` and ``make-demo``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
import datetime

from edge_perception.bags.bag import Bag
from edge_perception.bags.cut import cut
from edge_perception.bags.summary import summarise, Summary
from edge_perception.core.stamps import SECOND
from edge_perception.replay.compose import compose
from edge_perception.replay.results import columns
from edge_perception.robot.graph import Graph


def run(graph: Graph, options: argparse.Namespace) -> int:
    """
    Run one of the commands.

    :returns: the exit code
    :raises BagError: if a bag can't be read or written at all.
    :raises SourceError: if the film can't be read.
    """
    return _ACTIONS[options.action](graph, options)


def _info(graph: Graph, options: argparse.Namespace) -> int:
    found = summarise(Bag(options.bag))
    begin = min((one.first for one in found.topics.values() if one.count), default=0)
    size = sum(one.size for one in found.topics.values())
    at = datetime.datetime.fromtimestamp(begin / SECOND, datetime.timezone.utc)
    print(f"{options.bag}: {found.seconds:.1f} s, {size / 1e6:.1f} MB, from {at:%F %T} UTC")
    for name, value in found.facts.items():
        print(f"{name}: {value}")
    rows = [
        (
            one.topic.name,
            one.topic.type,
            str(one.count),
            f"{one.rate:.1f}",
            f"{one.size / 1e6:.2f}",
        )
        for one in found.topics.values()
    ]
    print(columns([("topic", "type", "messages", "a second", "MB"), *rows]))
    _say_problems(found)
    return 0


def _check(graph: Graph, options: argparse.Namespace) -> int:
    bag = Bag(options.bag)
    found = summarise(bag)
    count = sum(one.count for one in found.topics.values())
    print(f"{options.bag}: {count} messages of {len(found.topics)} topics can be read")
    _say_problems(found)
    if bag.remark:
        print(f"note: {bag.remark}")
    there = {one.topic.type for one in found.topics.values() if one.count}
    for entry in graph.nodes:
        if entry.core.inputs:
            continue
        wanted = [port.type for port in entry.core.outputs]
        if not there.intersection(wanted):
            print(f"it has nothing in place of the {entry.name} ({', '.join(wanted)})")
    return 1 if found.problems else 0


def _cut(graph: Graph, options: argparse.Namespace) -> int:
    count = cut(Bag(options.bag), options.out, options.begin, options.end, options.topic)
    print(f"{options.out}: {count} messages")
    return 0


def _make_demo(graph: Graph, options: argparse.Namespace) -> int:
    count = compose(options.film, options.out, options.seconds)
    print(f"{options.out}: {count} messages; a composite: its pose is simulated")
    return 0


def _say_problems(found: Summary) -> None:
    for problem in found.problems:
        print(f"problem: {problem}")


_ACTIONS: dict[str, Callable[[Graph, argparse.Namespace], int]] = {
    "info": _info,
    "check": _check,
    "cut": _cut,
    "make_demo": _make_demo,
}
