"""``edge-robot replay`` with a folder of bags."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys

from edge_perception.bags.bag import is_bag, METADATA
from edge_perception.replay import expectations, results, suite
from edge_perception.replay.command import IN_BAG_TIME
from edge_perception.replay.expectations import Expectations
from edge_perception.robot.graph import Graph
from edge_perception.robot.plan import RequestError

_OF_ONE = ("out", "html", "labels", "view")
"""Options that make sense for one bag alone."""


def is_of_bags(options: argparse.Namespace) -> bool:
    """Tell whether a folder of bags is given: one with folders of bags, or with workers for it."""
    path: Path = options.bag
    if not path.is_dir() or (path / METADATA).exists():
        return False
    asked = options.workers is not None or bool(options.cluster)
    return asked or any(one.is_dir() and is_bag(one) for one in path.iterdir())


def run(graph: Graph, values: dict[str, str], options: argparse.Namespace) -> int:
    """
    Replay all bags of a folder, and print one table.

    :returns: the exit code
    :raises BagError: if there are no bags, or no cluster.
    :raises RequestError: if an option is for one bag alone.
    :raises FileError: if what is expected can't be read.
    """
    for name in _OF_ONE:
        if getattr(options, name):
            raise RequestError(f"--{name} is for one bag, and {options.bag} is a folder of bags")
    if options.transport != IN_BAG_TIME:
        raise RequestError("--transport is for one bag; many are replayed without")
    if options.workers is not None and options.workers < 1:
        raise RequestError(f"--workers is {options.workers}; at least one must do the work")
    expected = expectations.load(options.expect) if options.expect else Expectations()
    bags = suite.find(options.bag)

    def progress(done: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{done} of {len(bags)} bags", end="", file=sys.stderr, flush=True)

    with suite.workers(options.workers or 1, options.cluster) as executor:
        found = suite.run(bags, _arguments(values, options), executor, options.results, progress)
    print(suite.table(found, expected))
    right = sum(one.right(expected) for one in found)
    print(f"\n{right} of {len(found)} bags are as expected")
    if options.json:
        results.write_json(options.json, [results.as_json(one, expected) for one in found])
    if options.junit:
        results.write_junit(options.junit, found, expected)
    if any(one.error for one in found):
        return 1
    return 0 if right == len(found) else results.NOT_AS_EXPECTED


def _arguments(values: dict[str, str], options: argparse.Namespace) -> list[str]:
    """Return the arguments for one bag; files by their full names."""
    found = [f"--{name.replace('_', '-')}={_whole(text)}" for name, text in values.items() if text]
    found += [f"--from-bag={name}" for name in options.from_bag]
    found += [f"--topic={name}" for name in options.topic]
    found.append(f"--clock={options.clock}")
    for name in ("expect", "graph", "params_file"):
        if given := getattr(options, name):
            found.append(f"--{name.replace('_', '-')}={_whole(str(given))}")
    return found


def _whole(text: str) -> str:
    """Return the full name of what is a file, and the rest as it is."""
    return str(Path(text).resolve()) if Path(text).exists() else text
