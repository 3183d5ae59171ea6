"""Commands that work on recorded bags; what runs them is loaded late."""

from __future__ import annotations

import argparse
from functools import partial
import math
from pathlib import Path

from edge_perception.robot.graph import Graph
from edge_perception.runtime.parser import add_command, Commands
from edge_perception.tools import linked
from edge_perception.tools.arguments import (
    add_graph,
    add_view,
    add_web,
    graph_options,
    graph_values,
    is_viewed,
    new_bag,
    of_bags,
    viewer,
)

_OTHERWISE = "edge-robot replay BAG --html FILE writes a page"
"""What shows a bag without the viewer."""


def add_commands(commands: Commands, graph: Graph) -> None:
    """Add the commands."""
    _add_replay(commands, graph)
    _add_view(commands)
    parts = add_command(commands, "bag", "look at recorded bags, cut them, make one")
    _add_bag(parts.add_subparsers(title="commands", metavar="COMMAND", required=True))


def _add_replay(commands: Commands, graph: Graph) -> None:
    replay = add_command(commands, "replay", "let a recorded bag go through the robot again")
    replay.set_defaults(run=of_bags(_replay))
    replay.add_argument(
        "bag", type=Path, metavar="BAG", help="file or folder of rosbag2, or a folder of bags"
    )
    graph_options(replay, graph)
    replay.add_argument("--params-file", default="", metavar="FILE", help="ROS parameter file")
    add_graph(replay)
    replay.add_argument(
        "--from-bag",
        action="append",
        default=[],
        metavar="NODE",
        help="take what this node said from the bag; it isn't run; may be given several times",
    )
    replay.add_argument(
        "--topic",
        action="append",
        default=[],
        metavar="ROBOT=BAG",
        help="the robot's topic, and what it is called in the bag; may be given several times",
    )
    replay.add_argument(
        "--clock",
        choices=("bag", "measured"),
        default="bag",
        help="bag: steps take no time, and each replay gives the same bytes; measured: they take "
        "as long as they do on this machine",
    )
    replay.add_argument(
        "--transport",
        choices=("bag", "ros", "nanomsg"),
        default="bag",
        help="bag: none, the nodes are called in the time of the bag; ros, nanomsg: there, in "
        "simulated time, where others can listen",
    )
    replay.add_argument("--rate", type=float, default=0.0, metavar="X", help="times real time")
    replay.add_argument(
        "--out", type=new_bag, metavar="FILE", help="a bag (.mcap) for what the nodes publish"
    )
    for name, said in {
        "expect": "the range of each number (docs/replay.md)",
        "labels": "what is true in the bag; BAG.labels.yaml beside it if it is not given",
        "json": "write the numbers as JSON",
        "junit": "write them as tests of JUnit",
        "html": "write them as a page, with a timeline, and pictures of what changed a decision",
    }.items():
        replay.add_argument(f"--{name}", type=Path, metavar="FILE", help=said)
    add_view(replay)
    linked.add_network(replay.add_argument_group("with --transport nanomsg"))
    _add_suite(replay)


def _add_suite(replay: argparse.ArgumentParser) -> None:
    """Add the options for many bags."""
    suite = replay.add_argument_group("with a folder of bags")
    suite.add_argument(
        "--workers", type=int, metavar="N", help="replay so many at a time; one, if not given"
    )
    suite.add_argument(
        "--cluster", default="", metavar="ADDRESS", help="of a Dask scheduler, whose workers do it"
    )
    suite.add_argument(
        "--results",
        type=Path,
        metavar="FOLDER",
        help="keep the result of each bag; those that are there are not made again",
    )


def _add_view(commands: Commands) -> None:
    view = add_command(commands, "view", "look at bags: pictures, path, decisions, diagnostics")
    view.add_argument(
        "bag", type=Path, nargs="+", metavar="BAG", help="e.g. a bag, and what a replay made of it"
    )
    add_web(view)
    view.add_argument(
        "--save", type=Path, metavar="FILE", help="write what is shown (.rrd), and show nothing"
    )
    view.set_defaults(run=of_bags(_view))
    add_graph(view)


def _add_bag(parts: Commands) -> None:
    info = add_command(parts, "info", "show what is in a bag")
    check = add_command(parts, "check", "say what is wrong with a bag, a sentence each")
    cut = add_command(parts, "cut", "write a part of a bag as a bag of its own")
    demo = add_command(parts, "make-demo", "compose a bag of a film and a simulated drive")
    for command in (info, check, cut):
        command.add_argument("bag", type=Path, metavar="BAG", help="file or folder of rosbag2")
    for command in (cut, demo):
        command.add_argument("out", type=new_bag, metavar="OUT", help="the new bag (.mcap)")
    cut.add_argument("--begin", type=float, default=0.0, metavar="S", help="seconds into the bag")
    cut.add_argument("--end", type=float, default=math.inf, metavar="S", help="as --begin")
    cut.add_argument("--topic", action="append", default=[], help="may be given several times")
    demo.add_argument(
        "--film", type=Path, required=True, metavar="FILE", help="a video, or a folder of pictures"
    )
    demo.add_argument("--seconds", type=float, default=60.0, metavar="S", help="of it, at most")
    for name, command in {"info": info, "check": check, "cut": cut, "make_demo": demo}.items():
        command.set_defaults(run=of_bags(_bag), action=name)
        add_graph(command)


def _replay(graph: Graph, options: argparse.Namespace) -> int:
    from edge_perception.replay import command, suite_command

    values = graph_values(graph, options)
    if suite_command.is_of_bags(options):
        return suite_command.run(graph, values, options)
    network = partial(linked.network_of, options, "replay")
    if not is_viewed(options):
        return command.run(graph, values, options, network)
    with viewer(_OTHERWISE).showing(options.web) as listen:
        return command.run(graph, values, options, network, [listen])


def _view(graph: Graph, options: argparse.Namespace) -> int:
    return int(viewer(_OTHERWISE).run(options))


def _bag(graph: Graph, options: argparse.Namespace) -> int:
    from edge_perception.replay import bag_command

    return bag_command.run(graph, options)
