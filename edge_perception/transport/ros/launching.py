"""What the launch files of robots share: arguments of a graph, and how a launch ends."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
import sys

from launch import Action, LaunchContext
from launch.actions import DeclareLaunchArgument, Shutdown
from launch.events.process import ProcessExited

from edge_perception.core.names import one_of
from edge_perception.core.trust import TRUSTED_KEYS
from edge_perception.robot.graph import Graph
from edge_perception.robot.signed_graph import load

GRAPH = DeclareLaunchArgument(
    "graph", default_value="", description="the robot, instead of config/robot.yaml"
)
PARAMS_FILE = DeclareLaunchArgument(
    "params_file", default_value="", description="ROS parameter file for the nodes"
)


def declared(file: str, own: Iterable[DeclareLaunchArgument]) -> list[DeclareLaunchArgument]:
    """
    Return all arguments of a launch file: those of the graph that is given, and its own.

    :param file: its path; misspelt arguments, which ros2 launch ignores, are refused if it was
        given this very file.
    :raises RuntimeError: if one is misspelt.
    """
    given = dict(word.split(":=", 1) for word in sys.argv if ":=" in word)
    arguments = [
        DeclareLaunchArgument(
            argument.name,
            default_value=None if argument.required else "",
            description=argument.description,
        )
        for argument in graph(given).arguments
    ]
    found = [*arguments, *own]
    if any(Path(word).name == Path(file).name for word in sys.argv):
        _refuse_unknown(given, [argument.name for argument in found])
    return found


def graph(values: Mapping[str, str]) -> Graph:
    """
    Return the graph that the arguments of a launch name, or that of the package.

    :raises FileError: if it can't be used, or is not signed as `trusted_keys` ask for.
    """
    path = values.get(GRAPH.name, "")
    keys = values.get(TRUSTED_KEYS.name, "")
    return load(Path(path) if path else None, keys, values.get(PARAMS_FILE.name, ""))


def options(values: dict[str, str]) -> list[str]:
    """Return arguments of a launch as options of `edge-robot`; empty ones count as not given."""
    return [f"--{name.replace('_', '-')}={value}" for name, value in values.items() if value]


def ended(event: ProcessExited, context: LaunchContext) -> list[Action]:
    """End the launch; an exception is what makes its exit code 1."""
    if context.is_shutdown:
        return []
    if event.returncode:
        raise RuntimeError(
            f"{event.process_name} ended with exit code {event.returncode}; its last lines above"
            " say why"
        )
    return [Shutdown(reason=f"{event.process_name} ended")]


def _refuse_unknown(given: Iterable[str], known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            raise RuntimeError(f"unknown argument {name!r}; {one_of(name, known)}")
