"""ROS arguments: of a node to start, and of this program."""

from __future__ import annotations

from collections.abc import Sequence
import itertools
import json

from edge_perception.core.parameters import Value
from edge_perception.robot.plan import Start


def arguments_of(start: Start) -> list[str]:
    """Return the ROS arguments of a node; its parameters beat those of the file."""
    names = {"__node": start.name}
    if start.namespace:
        names["__ns"] = start.namespace
    rules = [
        word
        for own, other in {**names, **start.remap}.items()
        for word in ("-r", f"{own}:={other}")
    ]
    file = ["--params-file", start.parameters_file] if start.parameters_file else []
    clock: dict[str, Value] = {"use_sim_time": True} if start.use_sim_time else {}
    values = [
        word
        for name, value in {**start.parameters, **clock}.items()
        for word in ("-p", f"{name}:={json.dumps(value, ensure_ascii=False)}")
    ]  # JSON is YAML, which ROS reads
    return [*rules, *file, *values]


def ros_arguments(command_line: Sequence[str]) -> list[str]:
    """Return what stands behind each ``--ros-args`` of a command line, or up to ``--``."""
    found: list[str] = []
    words = iter(command_line)
    for word in words:
        if word == "--ros-args":
            found += itertools.takewhile(lambda one: one != "--", words)
    return found
