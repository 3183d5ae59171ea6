"""A node to start as ROS arguments."""

from __future__ import annotations

import json

from edge_perception.core.parameters import Value
from edge_perception.robot.plan import Start


def arguments_of(start: Start) -> list[str]:
    """
    Return the ROS arguments of a node.

    The file comes before all parameters: rcl lets the last section hold, and those of arguments
    join the first that is for all nodes.
    """
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
