"""Options and commands of a robot whose nodes are linked by SP; what runs them is loaded late."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any, TYPE_CHECKING

from edge_perception.robot.graph import Graph
from edge_perception.robot.plan import RequestError
from edge_perception.runtime.parser import add_command, Commands
from edge_perception.tools.arguments import Run

if TYPE_CHECKING:
    from edge_perception.transport.sp.process import Network


def add_options(up: argparse.ArgumentParser) -> None:
    """Add the options of ``up`` for this transport."""
    group = up.add_argument_group("with --transport nanomsg")
    group.add_argument(
        "--processes",
        default="",
        metavar="N",
        help="start so many processes, or one for each node (each), and again when they end",
    )
    group.add_argument(
        "--within",
        choices=("ipc", "tcp"),
        default="ipc",
        help="how they reach each other: Unix sockets, or ports of the loopback interface",
    )
    group.add_argument(
        "--listen",
        default="",
        metavar="ADDRESS",
        help="where other machines reach the robot: tls+tcp://HOST:PORT",
    )
    add_network(group)


def add_commands(commands: Commands) -> None:
    """Add the commands that look at a robot which runs."""
    ps = add_command(commands, "ps", "list the processes of a robot without ROS")
    _command(ps, _shown("ps", "table"))
    listing = add_command(commands, "topics", "list the topics of a robot without ROS")
    listing.add_argument("-t", "--show-types", action="store_true", help="with their types")
    _command(listing, _shown("topics", "listing", "show_types"))
    info = add_command(commands, "info", "show who publishes and reads a topic")
    _add_name(info, "topic")
    info.add_argument("-v", "--verbose", action="store_true", help="with nodes and addresses")
    _command(info, _shown("topics", "information", "topic", "verbose"))
    rate = add_command(commands, "hz", "show how often messages come on a topic")
    _add_name(rate, "topic")
    _command(rate, _shown("topics", "rate", "topic"))
    echo = add_command(commands, "echo", "show the messages of a topic")
    _add_name(echo, "topic")
    echo.add_argument("--once", action="store_true", help="stop after one")
    echo.add_argument("-f", "--full-length", action="store_true", help="with all of long arrays")
    echo.add_argument("--no-arr", action="store_true", help="without elements of arrays")
    echo.add_argument("--image", type=Path, metavar="FILE", help="write the next image there")
    _command(echo, _shown("topics", "echo", "topic", "once", "full_length", "no_arr", "image"))
    bridge = add_command(commands, "bridge", "join a robot without ROS to ROS 2")
    bridge.add_argument(
        "--config", type=Path, metavar="FILE", help="the topics, instead of config/bridge.yaml"
    )
    bridge.add_argument("--graph", type=Path, help=argparse.SUPPRESS)
    bridge.set_defaults(run=_bridge)
    _add_parameters(add_command(commands, "param", "show and set parameters of nodes"))
    call = add_command(commands, "call", "call a service of a node")
    _add_name(call, "service")
    call.add_argument(
        "request", nargs="?", default="", metavar="YAML", help="the request's fields"
    )
    _command(call, _shown("nodes", "call", "service", "request"))


def _add_parameters(param: argparse.ArgumentParser) -> None:
    """Add what can be done with parameters."""
    commands = param.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = add_command(commands, "list", "list the parameters of a node, or of all")
    _add_name(listing, "node", nargs="?", default="")
    _command(listing, _shown("nodes", "names", "node"))
    for name, function, what in (
        ("get", "value", "show the value of a parameter"),
        ("set", "change", "set a parameter"),
        ("describe", "description", "show what a parameter is for, and what it takes"),
    ):
        one = add_command(commands, name, what)
        _add_name(one, "node")
        _add_name(one, "parameter")
        given = ["value"] if name == "set" else []
        for field in given:
            one.add_argument(field, metavar="VALUE", help="YAML")
        _command(one, _shown("nodes", function, "node", "parameter", *given))


def _add_name(command: argparse.ArgumentParser, what: str, **options: Any) -> None:
    """Add an argument that names something of a robot which runs, for the shell to complete."""

    def complete(parsed_args: argparse.Namespace, **_: object) -> list[str]:
        from edge_perception.tools import completion

        network = network_of(parsed_args)
        return completion.names(network, what, getattr(parsed_args, "node", ""))

    argument: Any = command.add_argument(what, metavar=what.upper(), **options)
    argument.completer = complete  # of argcomplete


def _bridge(graph: Graph, options: argparse.Namespace) -> int:
    from edge_perception.transport.bridge.process import default_path, run

    return run(options.config or default_path(), options.ros_arguments)


def _shown(module: str, function: str, *fields: str) -> Run:
    """
    Return what calls a function of this package, and prints what it returns.

    Its module is loaded only then, so that other commands start without it.

    :param fields: the options that it is given, after how to meet others
    """

    def run(graph: Graph, options: argparse.Namespace) -> int:
        act = getattr(import_module(f"edge_perception.tools.{module}"), function)
        text = act(network_of(options), *(getattr(options, field) for field in fields))
        if text is not None:
            print(text)
        return 0

    return run


def _command(parser: argparse.ArgumentParser, run: Run) -> None:
    """Let a command look at what runs, here or elsewhere."""
    add_network(parser.add_argument_group("other machines"))
    parser.add_argument("--graph", type=Path, help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def add_network(group: argparse._ArgumentGroup) -> None:
    """Add the options of how to meet others."""
    group.add_argument(
        "--peer",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="where a robot on another machine listens: tls+tcp://HOST:PORT; may be repeated",
    )
    group.add_argument(
        "--tls-certificate", type=Path, metavar="FILE", help="PEM: our certificate and its key"
    )
    group.add_argument(
        "--tls-peers",
        type=Path,
        metavar="FILE",
        help="PEM: certificates of all who may connect",
    )


def network_of(
    options: argparse.Namespace, name: str = "", within: str = "ipc", listen: str = ""
) -> Network:
    """
    Return how a process with these options meets others.

    :raises RequestError: if that can't be
    """
    from edge_perception.transport.sp.address import Identity
    from edge_perception.transport.sp.process import network

    certificate, peers = options.tls_certificate, options.tls_peers
    if bool(certificate) != bool(peers):
        raise RequestError("--tls-certificate and --tls-peers belong together: give both")
    identity = Identity(certificate, peers) if certificate else None
    return network(name, within, listen, tuple(options.peer), identity)
