"""
``edge-robot``: its commands, of the robot of config/robot.yaml.

Exit codes: 0 ended as asked, 1 a node can't be started or a file is wrong (one sentence on
standard error says why), 2 wrong usage, 3 a replay is not as expected, 130 interrupted before the
start, or in a replay, 141 who read what it shows left.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import os
from pathlib import Path
import sys

from edge_perception.core.decision.audit import AuditError, verify
from edge_perception.core.whole_file import FileError
from edge_perception.robot import graph as graphs
from edge_perception.robot import signed_graph
from edge_perception.robot.drawing import draw
from edge_perception.robot.graph import Graph
from edge_perception.robot.parameter_files import ParameterFileError
from edge_perception.robot.plan import RequestError
from edge_perception.runtime.nowhere import reader_left
from edge_perception.runtime.parser import add_command, CommandParser
from edge_perception.tools import comparing, knowing, linked, listening, recorded, setting_up, up
from edge_perception.tools.arguments import add_graph
from edge_perception.transport import log
from edge_perception.version import VERSION


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run a command.

    :returns: the exit code
    """
    arguments, ros_arguments = _split(sys.argv[1:] if argv is None else list(argv))
    try:
        early = _early(arguments)
        graph = signed_graph.load(**vars(early))
        parser = build_parser(graph)
        _complete(parser)
        options = parser.parse_args(arguments)
        _refuse_shortened(early, options)
        options.ros_arguments = ros_arguments
        code = int(options.run(graph, options))
        sys.stdout.flush()
        return code
    except (FileError, ParameterFileError, RequestError) as error:
        log.error("", str(error))
        return 1
    except KeyboardInterrupt:  # before there was anything to end
        return 130
    except BrokenPipeError:  # who read what is shown has seen enough
        return reader_left()


def build_parser(graph: Graph) -> argparse.ArgumentParser:
    """Return the parser; ``up`` has an option for each argument of the graph."""
    parser: argparse.ArgumentParser = CommandParser(
        prog="edge-robot",
        description="Start a robot with ROS 2 or without it, look at it, record and replay it.",
        epilog="Arguments after --ros-args go to ROS, as with ros2 run. Exit codes: 0 ended as "
        "asked, 1 refused or failed, 2 wrong usage, 3 a replay is not as expected, 130 "
        "interrupted, 141 who read left.",
    )
    parser.add_argument("--version", action="version", version=f"edge-robot {VERSION}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    up.add_commands(commands, graph)
    linked.add_commands(commands)
    recorded.add_commands(commands, graph)
    listening.add_commands(commands)
    setting_up.add_commands(commands)
    check = add_command(commands, "check", "check the description of the robot")
    check.set_defaults(run=_check)
    show = add_command(commands, "graph", "show nodes, topics and parameters")
    show.add_argument("--parameters", action="store_true", help="with all parameters of the nodes")
    show.set_defaults(run=_show)
    audit = add_command(commands, "audit", "check the record of what was unlocked")
    audit.add_argument("log", type=Path, metavar="FILE", help="the decision node's audit_log")
    audit.set_defaults(run=_audit)
    knowing.add_commands(commands)
    comparing.add_commands(commands)
    for command in (check, show, audit):
        add_graph(command)
    return parser


def _early(arguments: list[str]) -> argparse.Namespace:
    """Find what the graph depends on, before the options are known that it brings."""
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    early.add_argument("--graph", type=Path, dest="path")
    early.add_argument("--trusted-keys", default="")
    early.add_argument("--params-file", default="", dest="parameters_file")
    return early.parse_known_args(arguments)[0]


def _refuse_shortened(early: argparse.Namespace, options: argparse.Namespace) -> None:
    """
    See that all was known early on which the graph depends.

    :raises RequestError: if an option was not seen, as its name was shortened
    """
    for name, seen in (
        ("graph", early.path),
        ("trusted_keys", early.trusted_keys),
        ("params_file", early.parameters_file),
    ):
        if getattr(options, name, seen) != seen:
            raise RequestError(f"write --{name.replace('_', '-')} in full")


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
