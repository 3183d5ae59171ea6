"""
``edge-robot``: start the robot of config/robot.yaml in one process, check it, draw it.

Exit codes: 0 ended as asked, 1 a node can't be started or a file is wrong (one sentence on
standard error says why), 2 wrong usage, 3 a replay is not as expected, 130 interrupted before the
start, or in a replay.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from functools import partial
import os
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from edge_perception.core.decision.audit import AuditError, verify
from edge_perception.core.whole_file import FileError
from edge_perception.environment import this_machine
from edge_perception.nodes import base
from edge_perception.robot import graph as graphs
from edge_perception.robot.drawing import draw
from edge_perception.robot.graph import Graph
from edge_perception.robot.parameter_files import ParameterFileError
from edge_perception.robot.plan import doubts, plan, RequestError, Start, StartRequest
from edge_perception.tools import knowing, linked, listening, recorded, setting_up
from edge_perception.tools.arguments import add_graph, add_view, graph_options, graph_values
from edge_perception.transport import log

if TYPE_CHECKING:
    from edge_perception.transport.ros.node import RosNode
    from edge_perception.transport.stop import Stop


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run a command.

    :returns: the exit code
    """
    arguments, ros_arguments = _split(sys.argv[1:] if argv is None else list(argv))
    try:
        graph = graphs.load(_graph_file(arguments))
        parser = build_parser(graph)
        _complete(parser)
        options = parser.parse_args(arguments)
        options.ros_arguments = ros_arguments
        return int(options.run(graph, options))
    except (FileError, ParameterFileError, RequestError) as error:
        log.error("", str(error))
        return 1
    except KeyboardInterrupt:  # before there was anything to end
        return 130
    except BrokenPipeError:  # who read what is shown has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def build_parser(graph: Graph) -> argparse.ArgumentParser:
    """Return the parser; ``up`` has an option for each argument of the graph."""
    parser = argparse.ArgumentParser(
        prog="edge-robot",
        description="Run the nodes of the robot in one process, without ros2 launch.",
        epilog="Arguments after --ros-args go to ROS, as with ros2 run.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    up = commands.add_parser("up", help="start the robot and run it until Ctrl-C")
    up.set_defaults(run=listening.viewed(_up))
    graph_options(up, graph)
    up.add_argument(
        "--transport",
        choices=("ros", "local", "nanomsg"),
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
    up.add_argument("--duration", type=float, metavar="S", help="stop after so many seconds")
    up.add_argument(
        "--record",
        type=Path,
        metavar="FOLDER",
        help="with --transport local: record what the nodes say, as edge-robot record does",
    )
    add_view(up)
    up.add_argument("--once", action="store_true", help="stop after a decision on an image")
    linked.add_options(up)
    linked.add_commands(commands)
    recorded.add_commands(commands, graph)
    listening.add_commands(commands)
    setting_up.add_commands(commands)
    check = commands.add_parser("check", help="check the description of the robot")
    check.set_defaults(run=_check)
    show = commands.add_parser("graph", help="show nodes, topics and parameters")
    show.add_argument("--parameters", action="store_true", help="with all parameters of the nodes")
    show.set_defaults(run=_show)
    audit = commands.add_parser("audit", help="check the record of what was unlocked")
    audit.add_argument("log", type=Path, metavar="FILE", help="the decision node's audit_log")
    audit.set_defaults(run=_audit)
    knowing.add_commands(commands)
    for command in (up, check, show, audit):
        add_graph(command)
    return parser


def _graph_file(arguments: list[str]) -> Path | None:
    """Find ``--graph`` before the options are known that the graph brings."""
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    early.add_argument("--graph", type=Path)
    path = early.parse_known_args(arguments)[0].graph
    assert path is None or isinstance(path, Path)
    return path


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Separate our arguments from those for ROS."""
    if "--ros-args" not in arguments:
        return arguments, []
    at = arguments.index("--ros-args")
    return arguments[:at], arguments[at:]


def _complete(parser: argparse.ArgumentParser) -> None:
    """Let the shell complete options, if it asks and argcomplete is installed."""
    if "_ARGCOMPLETE" not in os.environ:
        return
    try:
        import argcomplete
    except ImportError:
        return
    argcomplete.autocomplete(parser)


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
    if options.record and options.transport != "local":
        raise RequestError("--record is for --transport local; edge-robot record records others")
    if options.transport != "ros":
        _refuse_options_of_ros(options)
        log.use(options.log)
    elif options.log != log.TEXT:
        raise RequestError(
            "--log is for robots without ROS; RCUTILS_CONSOLE_OUTPUT_FORMAT is ROS 2's"
        )
    if options.transport == "local":
        return _up_locally(graph, starts, options)
    if options.transport == "nanomsg":
        return linked.up(starts, options)
    ros_arguments = list(options.ros_arguments)
    if options.log_level:
        ros_arguments += ["--ros-args", "--log-level", options.log_level]
    try:
        from edge_perception.transport.ros import process, watch
        from edge_perception.transport.ros.arguments import arguments_of
    except ImportError as error:
        raise RequestError(
            f"edge-robot up needs ROS 2, which can't be imported ({error}): source the setup.bash "
            "of your ROS 2, or on x86-64, in a checkout of edge_perception, pip install '.[ros]'; "
            "without ROS 2 the robot runs with --transport nanomsg"
        ) from error

    def make_nodes(stop: Stop) -> Iterator[RosNode]:
        yield watch.make(stop, options.namespace, options.once)
        for start in starts:
            yield base.make(base.find(start.kind), arguments_of(start))

    return process.run(make_nodes, ros_arguments, options.duration)


def _refuse_options_of_ros(options: argparse.Namespace) -> None:
    """
    Look for options that mean nothing without ROS.

    :raises RequestError: if there is one
    """
    for name, given in (
        ("--ros-args", options.ros_arguments),
        ("--use-sim-time", options.use_sim_time and options.transport == "local"),
        ("--log-level", options.log_level),
    ):
        if given:
            raise RequestError(
                f"{name} is for ROS 2: leave it out, or --transport {options.transport}"
            )


def _up_locally(graph: Graph, starts: Sequence[Start], options: argparse.Namespace) -> int:
    """Start the robot without ROS, for itself."""
    from edge_perception.transport.local import process, watch
    from edge_perception.transport.local.bus import Bus
    from edge_perception.transport.local.endpoints import LocalEndpoints
    from edge_perception.transport.shell import Shell

    bus, environment = Bus(), this_machine()
    recording = None
    if options.record:
        from edge_perception.replay import guest

        recording = listening.recording(graph, options.record)

    def make_nodes(stop: Stop) -> Iterator[Shell]:
        if recording is not None:
            yield guest.shell(bus, starts[0].namespace, recording.make_core(stop))
        yield watch.make(bus, stop, starts[0].namespace, options.once)
        for start in starts:
            make_core = base.find(start.kind).make_core
            yield Shell(partial(make_core, environment), LocalEndpoints(bus, start))

    try:
        return process.run(bus, make_nodes, options.duration)
    finally:
        if recording is not None:
            recording.finish()


def _check(graph: Graph, options: argparse.Namespace) -> int:
    """Say that the graph is right: reading it has checked it."""
    path = options.graph or graphs.default_path()
    print(f"{path}: {len(graph.nodes)} nodes, nothing wrong")
    return 0


def _audit(graph: Graph, options: argparse.Namespace) -> int:
    """Check the chain of a record."""
    try:
        with options.log.open(encoding="utf-8", errors="replace") as lines:
            count, newest = verify(lines)
    except (OSError, AuditError) as error:
        print(
            f"error: {options.log}: {getattr(error, 'strerror', None) or error}", file=sys.stderr
        )
        return 1
    print(f"{options.log}: {count} entries, none changed or missing; the newest hash is {newest}")
    return 0


def _show(graph: Graph, options: argparse.Namespace) -> int:
    """Print the graph."""
    print(draw(graph, options.parameters))
    return 0
