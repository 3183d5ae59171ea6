"""Options that commands of `edge-robot` share, and what goes wrong in several of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
import math
from pathlib import Path
from types import ModuleType

from edge_perception.core.source import SourceError
from edge_perception.robot.graph import Graph
from edge_perception.robot.plan import RequestError

Run = Callable[[Graph, argparse.Namespace], int]
"""A command: it is given the robot and its options, and returns the exit code."""


def graph_options(command: argparse.ArgumentParser, graph: Graph) -> None:
    """Add an option for each argument of the graph."""
    for argument in graph.arguments:
        command.add_argument(
            f"--{argument.name.replace('_', '-')}",
            required=argument.required,
            default="",
            help=argument.description,
        )


def graph_values(graph: Graph, options: argparse.Namespace) -> dict[str, str]:
    """Return what was given for the arguments of the graph."""
    return {argument.name: getattr(options, argument.name) for argument in graph.arguments}


def add_graph(command: argparse.ArgumentParser) -> None:
    """Add the option for another graph than that of the package."""
    command.add_argument(
        "--graph", type=Path, metavar="FILE", help="the robot, instead of config/robot.yaml"
    )


def new_bag(name: str) -> Path:
    """
    Return the file of a bag that shall be made: of MCAP, so its name ends in that, said or not.

    :raises argparse.ArgumentTypeError: if the name is that of another format, or of a folder.
    """
    path = Path(name)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{name} is a folder: give the name of a file (.mcap)")
    if path.suffix == ".db3":
        raise argparse.ArgumentTypeError(f"{name}: bags are written as MCAP: NAME.mcap")
    return path if path.suffix == ".mcap" else path.with_name(f"{path.name}.mcap")


def seconds(text: str) -> float:
    """
    Return a time for which something runs.

    :raises argparse.ArgumentTypeError: if it is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not value > 0:  # NaN, too
        raise argparse.ArgumentTypeError(f"expected seconds, more than 0, received {text!r}")
    return value


def add_web(command: argparse.ArgumentParser) -> None:
    """Add the option of where the viewer is a page."""
    command.add_argument(
        "--web",
        type=int,
        metavar="PORT",
        help="the viewer as a page of this machine at this port, and the next for its data",
    )


def add_view(command: argparse.ArgumentParser) -> None:
    """Add the options of a command that shows in the viewer what it does."""
    command.add_argument(
        "--view",
        action="store_true",
        help="in the viewer of edge-robot view: pictures, path, decisions, diagnostics",
    )
    add_web(command)


def is_viewed(options: argparse.Namespace) -> bool:
    """
    Return whether such a command is to do so.

    :raises RequestError: if there is a page without the viewer
    """
    if options.web is not None and not options.view:
        raise RequestError("--web is where the viewer is a page: give --view, too")
    return bool(options.view)


def viewer(otherwise: str) -> ModuleType:
    """
    Return what shows things in the viewer.

    :param otherwise: what shows them without it.
    :raises RequestError: if it isn't installed.
    """
    try:
        return import_module("edge_perception.replay.view_command")
    except ImportError as error:
        raise RequestError(
            f"the viewer can't be imported ({error}): pip install rerun-sdk; "
            f"without it, {otherwise}"
        ) from error


def of_bags(run: Run) -> Run:
    """Let what goes wrong with bags be what goes wrong with a request."""

    def guarded(graph: Graph, options: argparse.Namespace) -> int:
        try:
            from edge_perception.bags.record import BagError
            from edge_perception.transport.bag.replay import ReplayError
        except ImportError as error:
            raise RequestError(
                f"bags need a package that can't be imported ({error}): "
                "pip install mcap lz4 zstandard"
            ) from error
        try:
            return run(graph, options)
        except (BagError, ReplayError, SourceError) as error:
            raise RequestError(str(error)) from error

    return guarded
