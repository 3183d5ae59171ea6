"""Commands that listen to a running robot; what runs them is loaded late."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edge_perception.robot.graph import Graph
from edge_perception.robot.plan import RequestError
from edge_perception.tools import linked
from edge_perception.tools.arguments import add_graph, add_web, of_bags, viewer

if TYPE_CHECKING:
    from edge_perception.replay.record_command import Recording


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    _add_record(commands)
    _add_watch(commands)


def _add_record(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    record = commands.add_parser("record", help="record what a running robot's nodes say")
    record.add_argument("out", type=Path, metavar="FOLDER", help="the new bag")
    record.add_argument("--max-size", type=float, default=0.0, metavar="MB", help="of messages")
    record.add_argument("--max-duration", type=float, default=0.0, metavar="S")
    record.add_argument(
        "--ring", action="store_true", help="go on at these limits, without the oldest"
    )
    record.set_defaults(run=of_bags(_record))
    _add_robot(record)


def _add_watch(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    watch = commands.add_parser(
        "watch", help="show a running robot: rates, ages, what it sees, decides, and what is wrong"
    )
    watch.add_argument(
        "--view",
        action="store_true",
        help="in the viewer of edge-robot view: pictures, path, decisions, diagnostics",
    )
    add_web(watch)
    watch.set_defaults(run=of_bags(_watch))
    _add_robot(watch)


def _add_robot(command: argparse.ArgumentParser) -> None:
    """Add the options of how to meet a running robot."""
    command.add_argument(
        "--topic",
        action="append",
        default=[],
        help="instead of all that nodes of the graph exchange; may be given several times",
    )
    command.add_argument("--namespace", default="", help="of the robot's nodes and topics")
    command.add_argument(
        "--transport", choices=("ros", "nanomsg"), default="ros", help="of the robot"
    )
    linked.add_network(command.add_argument_group("with --transport nanomsg"))
    add_graph(command)


def _record(graph: Graph, options: argparse.Namespace) -> int:
    from edge_perception.replay import record_command

    return record_command.run(graph, options, lambda: linked.network_of(options))


def _watch(graph: Graph, options: argparse.Namespace) -> int:
    if options.view:
        live = viewer("edge-robot watch without --view shows the robot on the terminal")
        return int(live.run_live(graph, options, lambda: linked.network_of(options)))
    if options.web is not None:
        raise RequestError("--web is where the viewer is a page: give --view, too")
    from edge_perception.replay import watch_command

    return watch_command.run(graph, options, lambda: linked.network_of(options))


def recording(graph: Graph, folder: Path) -> Recording:
    """
    Begin to record all that nodes of the graph exchange.

    :raises RequestError: if it can't be done
    """
    from edge_perception.bags.record import BagError
    from edge_perception.bags.recorder import Limits
    from edge_perception.replay import guest
    from edge_perception.replay.record_command import Recording

    try:
        return Recording(folder, guest.ports(graph, []), Limits())
    except BagError as error:
        raise RequestError(str(error)) from error
