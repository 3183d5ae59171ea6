"""The command that compares this machine with a server; what runs it is loaded late."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge_perception.cloud.profiles import BY_NAME, PROFILES
from edge_perception.robot.graph import Graph
from edge_perception.robot.plan import RequestError
from edge_perception.runtime.parser import add_command, Commands

_NEEDS = "pip install grpcio matplotlib rich"


def add_commands(commands: Commands) -> None:
    """Add the command."""
    compare = add_command(
        commands,
        "compare-cloud",
        "local or cloud: measure what a robot decides by itself, and with a server",
    )
    compare.set_defaults(run=_compare)
    compare.add_argument("--model", type=Path, required=True, metavar="BUNDLE")
    compare.add_argument(
        "--remote",
        required=True,
        metavar="URL",
        help="a server of the Open Inference Protocol: grpcs://HOST:PORT, or grpc://",
    )
    compare.add_argument(
        "--remote-model", default="", metavar="NAME", help="by which it knows the model"
    )
    compare.add_argument(
        "--profile",
        action="append",
        default=[],
        choices=(*BY_NAME, "all"),
        metavar="NAME",
        help="over a network like "
        f"{', '.join(one.name for one in PROFILES)}, or all of them, instead of the one that is "
        "there; may be given several times",
    )
    compare.add_argument(
        "--frames", type=int, default=100, metavar="N", help="images of a run (%(default)s)"
    )
    compare.add_argument(
        "--rate", type=float, default=10.0, metavar="HZ", help="images a second (%(default)s)"
    )
    compare.add_argument(
        "--camera", default="pattern:640x480", help="as edge-robot up takes it (%(default)s)"
    )
    compare.add_argument(
        "--deadline",
        type=float,
        default=0.05,
        metavar="S",
        help="of remote_first: from then on this machine's answer counts (%(default)s)",
    )
    compare.add_argument(
        "--rules",
        type=Path,
        metavar="FILE",
        help="rules to decide by; if not given, such as take nothing older than 0.5 s",
    )
    compare.add_argument(
        "--authorities", type=Path, metavar="FILE", help="whose certificates are trusted (PEM)"
    )
    compare.add_argument("--token", type=Path, metavar="FILE", help="which proves who we are")
    compare.add_argument(
        "--seed", type=int, default=1, metavar="N", help="of the networks' chances (%(default)s)"
    )
    compare.add_argument("--json", action="store_true", help="for programs")
    compare.add_argument("--plot", type=Path, metavar="FILE", help="draw it, as PNG")


def _compare(graph: Graph, options: argparse.Namespace) -> int:
    try:
        from edge_perception.cloud import command
    except ImportError as error:
        raise RequestError(
            f"compare-cloud needs a package that can't be imported ({error}): {_NEEDS}"
        ) from error
    return command.run(options)
