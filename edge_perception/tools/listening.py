"""Commands that listen to a running robot; what runs them is loaded late."""

from __future__ import annotations

import argparse
from pathlib import Path
import subprocess
import sys
from typing import TYPE_CHECKING

from edge_perception.robot.graph import Graph
from edge_perception.robot.plan import RequestError
from edge_perception.runtime.parser import add_command, Commands
from edge_perception.tools import linked
from edge_perception.tools.arguments import add_graph, add_view, is_viewed, of_bags, Run, viewer

if TYPE_CHECKING:
    from edge_perception.replay.record_command import Recording

_OTHERWISE = "edge-robot watch without --view shows the robot on the terminal"
"""What shows a running robot without the viewer."""


def add_commands(commands: Commands) -> None:
    """Add the commands."""
    _add_record(commands)
    _add_watch(commands)


def _add_record(commands: Commands) -> None:
    record = add_command(commands, "record", "record what a running robot's nodes say")
    record.add_argument("out", type=Path, metavar="FOLDER", help="the new bag")
    record.add_argument("--max-size", type=float, default=0.0, metavar="MB", help="of messages")
    record.add_argument("--max-duration", type=float, default=0.0, metavar="S")
    record.add_argument(
        "--ring", action="store_true", help="go on at these limits, without the oldest"
    )
    record.set_defaults(run=of_bags(_record))
    _add_robot(record)


def _add_watch(commands: Commands) -> None:
    watch = add_command(
        commands,
        "watch",
        "show a running robot: rates, ages, what it sees, decides, and what is wrong",
    )
    add_view(watch)
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
    if is_viewed(options):
        live = viewer(_OTHERWISE)
        return int(live.run_live(graph, options, lambda: linked.network_of(options)))
    from edge_perception.replay import watch_command

    return watch_command.run(graph, options, lambda: linked.network_of(options))


def viewed(run: Run) -> Run:
    """
    Let a robot be shown in the viewer, if that is asked, as long as a command runs it.

    Another process listens to it and draws; whatever becomes of that, the robot goes on.
    """

    def beside(graph: Graph, options: argparse.Namespace) -> int:
        if not is_viewed(options):
            return run(graph, options)
        if options.transport == "local":
            raise RequestError(
                "--view is for a robot that others can listen to: with --transport nanomsg, too"
            )
        command = [sys.executable, "-m", "edge_perception.cli", "watch", "--view"]
        command += [f"--transport={options.transport}", f"--namespace={options.namespace}"]
        command += [f"--web={options.web}"] if options.web is not None else []
        command += [f"--graph={options.graph}"] if options.graph else []
        # Ctrl-C is for the robot, whose end is the viewer's
        shown = subprocess.Popen(command, start_new_session=True)
        try:
            return run(graph, options)
        finally:
            shown.terminate()
            shown.wait()

    return beside


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
