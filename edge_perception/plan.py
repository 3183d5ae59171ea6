"""
From the graph of a robot to the ROS arguments of its nodes.

The launch file and `edge-robot` start what `plan` returns, so they start the same robot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import json
from pathlib import Path

import yaml

from edge_perception.core.node import NodeCore
from edge_perception.core.parameters import Parameter, ParameterError, Value
from edge_perception.graph import Argument, Effect, Entry, Graph, NONE, TOPIC_FORM
from edge_perception.parameter_files import overlooked

_TF = "/tf"
"""The topic of transforms, as nodes name it."""


class RequestError(Exception):
    """The robot can't be started as asked: what is wrong and what to do."""


@dataclass(frozen=True)
class Start:
    """A node to start: what kind it is and its ROS arguments."""

    name: str
    kind: str
    ros_arguments: list[str]


@dataclass(frozen=True)
class Request:
    """
    How the robot is to be started.

    :ivar values: of the graph's arguments; an empty text counts as not given.
    :ivar parameters_file: a ROS parameter file, which beats the graph and is beaten by ``values``.
    :ivar tf_topic: where transforms are; relative, as robots with namespaces of their own have it.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    parameters_file: str = ""
    namespace: str = ""
    use_sim_time: bool = False
    tf_topic: str = "tf"


def plan(graph: Graph, request: Request) -> list[Start]:
    """
    Say which nodes to start, and how.

    :raises RequestError: if an argument is missing or has a value of another type
    """
    given = [
        (argument, value)
        for argument in graph.arguments
        if (value := request.values.get(argument.name, ""))
        and not (argument.effect is Effect.STARTS and value == NONE)
    ]
    present = {argument.name for argument, _ in given}
    topics = {
        argument.topic: topic for argument, value in given if (topic := _topic(argument, value))
    }
    left_out = (
        {
            argument.node
            for argument, value in given
            if argument.effect is not Effect.RENAMES and _topic(argument, value)
        }
        | {
            argument.node
            for argument in graph.arguments
            if argument.effect is Effect.STARTS and argument.name not in present
        }
        | {entry.name for entry in graph.nodes if entry.needs and not present & set(entry.needs)}
    )
    for argument in graph.arguments:
        if argument.required and argument.name not in present:
            raise RequestError(f"no {argument.name} is given: {argument.description}")
    settings = [(argument, value) for argument, value in given if not _topic(argument, value)]
    for argument, _ in given:
        is_for_node = argument.effect is Effect.RENAMES or argument in dict(settings)
        if is_for_node and argument.node in left_out:
            raise RequestError(f"{argument.name} is for {argument.node}, which is left out")
    if left_out >= {entry.name for entry in graph.nodes}:
        needed = " or ".join(dict.fromkeys(name for entry in graph.nodes for name in entry.needs))
        raise RequestError(f"there is nothing to start: give {needed}")
    if request.parameters_file and not Path(request.parameters_file).is_file():
        raise RequestError(f"the parameter file {request.parameters_file} does not exist")
    return [
        Start(entry.name, entry.kind, _ros_arguments(entry, request, settings, topics))
        for entry in graph.nodes
        if entry.name not in left_out
    ]


def doubts(request: Request, starts: Sequence[Start]) -> list[str]:
    """Say what in a request has no effect though it was probably meant to: one sentence each."""
    if not request.parameters_file:
        return []
    namespace = request.namespace.strip("/")
    nodes = [f"/{namespace}/{start.name}" if namespace else f"/{start.name}" for start in starts]
    return overlooked(request.parameters_file, nodes)


def _topic(argument: Argument, value: str) -> str:
    """
    Return the topic that takes the place of a node's; empty if the value is for the node.

    :raises RequestError: if it should be a topic and is none
    """
    if argument.effect is not Effect.STARTS:
        return value if argument.topic else ""
    if not value.startswith(TOPIC_FORM):
        return ""
    topic = value.removeprefix(TOPIC_FORM)
    if not topic:
        raise RequestError(f"{argument.name} is {value!r}; name a topic, e.g. {TOPIC_FORM}/NAME")
    return topic


def _ros_arguments(
    entry: Entry,
    request: Request,
    given: list[tuple[Argument, str]],
    topics: Mapping[str, str],
) -> list[str]:
    """Return the arguments of a node; of several values of a parameter the last one holds."""
    remap = {"__node": entry.name}
    if request.namespace.strip("/"):
        remap["__ns"] = "/" + request.namespace.strip("/")
    for own in {port.topic for port in (*entry.core.inputs, *entry.core.outputs)}:
        topic = entry.topic(own)
        remap[own] = topics.get(topic, topic)
    if remap.get(_TF) == _TF and _has_own_tf(request):
        remap[_TF] = request.tf_topic
    arguments = []
    for source, target in remap.items():
        if source != target:
            arguments += ["-r", f"{source}:={target}"]
    for name, value in entry.parameters.items():
        arguments += ["-p", f"{name}:={_as_yaml(value)}"]
    if request.use_sim_time:
        arguments += ["-p", "use_sim_time:=true"]
    if request.parameters_file:
        arguments += ["--params-file", request.parameters_file]
    for argument, text in given:
        if argument.node == entry.name:
            parameter = _parameter(entry.core, argument.parameter)
            value = _typed(argument.name, text, parameter)
            arguments += ["-p", f"{parameter.name}:={_as_yaml(value)}"]
    return arguments


def _has_own_tf(request: Request) -> bool:
    """Tell whether transforms are elsewhere than on _TF: without namespace, tf is the same."""
    return bool(request.namespace.strip("/")) or request.tf_topic != "tf"


def _typed(name: str, text: str, parameter: Parameter) -> Value:
    """Read a text from the command line as the value of a parameter; what is no text is YAML."""
    try:
        value = text if isinstance(parameter.default, str) else yaml.safe_load(text)
    except yaml.YAMLError:
        value = text
    try:
        return parameter.accept(value, name)
    except ParameterError as error:
        raise RequestError(str(error)) from None


def _parameter(core: NodeCore, name: str) -> Parameter:
    return next(parameter for parameter in core.parameters if parameter.name == name)


def _as_yaml(value: Value) -> str:
    """Write a value so that ROS reads back the same type; JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)
