"""
``edge-robot up``: start the robot, and run it until told to stop.

Each transport is a module of this folder with ``run(graph, starts, options)``, which returns the
exit code; it is loaded when it is chosen.
"""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
import sys

from edge_perception.robot.graph import Graph
from edge_perception.robot.plan import doubts, plan, RequestError, StartRequest
from edge_perception.runtime.parser import add_command, Commands
from edge_perception.tools import linked
from edge_perception.tools.arguments import (
    add_graph,
    add_view,
    graph_options,
    graph_values,
    seconds,
)
from edge_perception.tools.listening import viewed
from edge_perception.transport import log

TRANSPORTS = ("ros", "local", "nanomsg")


def add_commands(commands: Commands, graph: Graph) -> None:
    """Add the command, with an option for each argument of the graph."""
    up = add_command(commands, "up", "start the robot and run it until Ctrl-C")
    up.set_defaults(run=viewed(_up))
    graph_options(up, graph)
    up.add_argument(
        "--transport",
        choices=TRANSPORTS,
        default="ros",
        help="how nodes reach each other: ROS 2, or without it: in this process, or by nanomsg",
    )
    up.add_argument("--params-file", default="", metavar="FILE", help="ROS parameter file")
    up.add_argument("--namespace", default="", help="ROS namespace of all nodes and topics")
    up.add_argument(
        "--tf-topic",
        default="tf",
        metavar="TOPIC",
        help="of transforms; tf, which is in the namespace, if not given",
    )
    up.add_argument("--use-sim-time", action="store_true", help="take the time from /clock")
    up.add_argument("--log-level", choices=("debug", "info", "warn", "error", "fatal"))
    up.add_argument(
        "--log",
        choices=log.FORMATS,
        default=log.TEXT,
        help="without ROS: what standard error has, lines for people or JSON",
    )
    up.add_argument("--duration", type=seconds, metavar="S", help="stop after so many seconds")
    up.add_argument(
        "--record",
        type=Path,
        metavar="FOLDER",
        help="with --transport local: record what the nodes say, as edge-robot record does",
    )
    add_view(up)
    up.add_argument("--once", action="store_true", help="stop after a decision on an image")
    linked.add_options(up)
    add_graph(up)


def _up(graph: Graph, options: argparse.Namespace) -> int:
    """Start the robot."""
    request = StartRequest(
        graph_values(graph, options),
        options.params_file,
        options.namespace,
        options.use_sim_time,
        options.tf_topic,
    )
    starts = plan(graph, request)
    for doubt in doubts(request, starts):
        print(f"warning: {doubt}", file=sys.stderr)
    if all(start.kind != "decision" for start in starts):
        names = ", ".join(start.name for start in starts)
        print(f"{names}: none of them decides, so no decisions are shown here", flush=True)
    _refuse_options_of_others(options)
    if options.transport != "ros":
        log.use(options.log)
    transport = import_module(f"{__name__}.{options.transport}")
    return int(transport.run(graph, starts, options))


def _refuse_options_of_others(options: argparse.Namespace) -> None:
    """
    Look for options that mean nothing with the transport.

    :raises RequestError: if there is one
    """
    if options.record and options.transport != "local":
        raise RequestError("--record is for --transport local; edge-robot record records others")
    if options.transport == "ros":
        if options.log != log.TEXT:
            raise RequestError(
                "--log is for robots without ROS; RCUTILS_CONSOLE_OUTPUT_FORMAT is ROS 2's"
            )
        return
    for name, given in (
        ("--ros-args", options.ros_arguments),
        ("--use-sim-time", options.use_sim_time and options.transport == "local"),
        ("--log-level", options.log_level),
    ):
        if given:
            raise RequestError(
                f"{name} is for ROS 2: leave it out, or --transport {options.transport}"
            )
