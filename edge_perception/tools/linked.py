"""Options and commands of a robot whose nodes are linked by SP; what runs them is loaded late."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edge_perception.robot.graph import Graph
from edge_perception.robot.plan import RequestError, Start

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
    _add_network(group)


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands that look at a robot which runs."""
    ps = commands.add_parser("ps", help="list the processes of a robot without ROS")
    _command(ps, _ps)


def up(starts: Sequence[Start], options: argparse.Namespace) -> int:
    """Start the robot; return the exit code."""
    from edge_perception.tools import up

    namespace = starts[0].namespace
    name = f"{namespace}/robot".strip("/").replace("/", ".")
    network = _network(options, name, options.within, options.listen)
    return up.up(network, starts, options.processes, options.duration, options.once)


def _ps(graph: Graph, options: argparse.Namespace) -> int:
    from edge_perception.tools import ps
    from edge_perception.tools.graph import known

    print(ps.table(known(_network(options))))
    return 0


def _command(
    parser: argparse.ArgumentParser, run: Callable[[Graph, argparse.Namespace], int]
) -> None:
    """Let a command look at what runs, here or elsewhere."""
    _add_network(parser.add_argument_group("other machines"))
    parser.add_argument("--graph", type=Path, help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def _add_network(group: argparse._ArgumentGroup) -> None:
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


def _network(
    options: argparse.Namespace, name: str = "", within: str = "ipc", listen: str = ""
) -> Network:
    """
    Return how a process with these options meets others.

    :raises RequestError: if that can't be
    """
    from edge_perception.transport.sp.address import AddressError, Identity
    from edge_perception.transport.sp.process import network

    certificate, peers = options.tls_certificate, options.tls_peers
    if bool(certificate) != bool(peers):
        raise RequestError("--tls-certificate and --tls-peers belong together: give both")
    identity = Identity(certificate, peers) if certificate else None
    try:
        return network(name, within, listen, tuple(options.peer), identity)
    except AddressError as error:
        raise RequestError(str(error)) from error
