"""
From the graph of a robot to the nodes that are to be started.

The launch file and `edge-robot` start what `plan` returns, so they start the same robot.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
import re
from typing import TypeAlias

import yaml

from edge_perception.core.node import NodeCore
from edge_perception.core.parameters import Parameter, ParameterError, Value
from edge_perception.core.trust import find_keys, signed_only, TRUSTED_KEYS
from edge_perception.files import read_file
from edge_perception.robot.graph import Argument, Effect, Entry, Graph, NONE, TOPIC_FORM
from edge_perception.robot.parameter_files import ParameterFile
from edge_perception.runtime.signature import PublicKey

_NAMESPACE = re.compile(r"[a-z_]\w*(/[a-z_]\w*)*", re.ASCII | re.IGNORECASE)
_TF, _TF_STATIC = "/tf", "/tf_static"
_IMAGE, _CAMERA_INFO = "camera/image_raw", "camera/camera_info"
"""Topics that move together, as nodes name them."""

_Given: TypeAlias = tuple[Argument, str]
"""An argument with its value."""


class RequestError(Exception):
    """What is asked of the robot can't be done: what is wrong and what to do."""


@dataclass(frozen=True)
class Start:
    """
    A node to start.

    :ivar kind: a module of `edge_perception.nodes`.
    :ivar namespace: empty, or absolute.
    :ivar parameters: values that hold whatever the parameter file says.
    :ivar parameters_file: a ROS parameter file with values of others; empty: none, or all that it
        has for the node is in `parameters`, as it was signed.
    :ivar remap: topics by the core's own.
    :ivar use_sim_time: whether the time is that of the topic /clock.
    """

    name: str
    kind: str
    namespace: str = ""
    parameters: Mapping[str, Value] = field(default_factory=dict)
    parameters_file: str = ""
    remap: Mapping[str, str] = field(default_factory=dict)
    use_sim_time: bool = False

    @property
    def full_name(self) -> str:
        """Return the name with its namespace."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class StartRequest:
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


def plan(graph: Graph, request: StartRequest) -> list[Start]:
    """
    Say which nodes to start, and how.

    With keys that are trusted, by arguments or the graph, the parameter file must be signed.

    :raises RequestError: if an argument is missing or has a value of another type
    :raises ParameterFileError: if the parameter file can't be read, or is not signed
    """
    given = [
        (argument, value)
        for argument in graph.arguments
        if (value := request.values.get(argument.name, ""))
        and not (argument.effect is Effect.STARTS and value == NONE)
    ]
    topics = {
        argument.topic: topic for argument, value in given if (topic := _topic(argument, value))
    }
    settings = [(argument, value) for argument, value in given if not _topic(argument, value)]
    left_out = _left_out(graph, given)
    _refuse_what_starts_nothing(graph, given, left_out)
    keys = _trusted(graph, request)
    file = _parameter_file(request, keys)
    starts = [
        _start(entry, request, settings, topics, file)
        for entry in graph.nodes
        if entry.name not in left_out
    ]
    # What was signed is handed on as it was read: the file may be another one by now.
    return [_with_values(start, file) for start in starts] if file and keys else starts


def _left_out(graph: Graph, given: Sequence[_Given]) -> set[str]:
    """Return the nodes that don't start: a topic takes their place, or nobody asks for them."""
    present = {argument.name for argument, _ in given}
    replaced = {
        argument.node
        for argument, value in given
        if argument.effect is not Effect.RENAMES and _topic(argument, value)
    }
    not_asked_for = {
        argument.node
        for argument in graph.arguments
        if argument.effect is Effect.STARTS and argument.name not in present
    }
    in_want = {entry.name for entry in graph.nodes if entry.needs and not present & {*entry.needs}}
    return replaced | not_asked_for | in_want


def _refuse_what_starts_nothing(
    graph: Graph, given: Sequence[_Given], left_out: Collection[str]
) -> None:
    """
    Check that what must be given is, and that all that is given reaches a node.

    :raises RequestError: if not
    """
    present = {argument.name for argument, _ in given}
    for argument in graph.arguments:
        if argument.required and argument.name not in present:
            raise RequestError(f"no {argument.name} is given: {argument.description}")
    for argument, value in given:
        is_for_node = argument.effect is Effect.RENAMES or not _topic(argument, value)
        if is_for_node and argument.node in left_out:
            raise RequestError(
                f"{argument.name} is for {argument.node}, which is left out"
                f"{_way_to_start(graph, argument.node, present)}"
            )
    if all(entry.name in left_out for entry in graph.nodes):
        needed = " or ".join(dict.fromkeys(name for entry in graph.nodes for name in entry.needs))
        raise RequestError(f"there is nothing to start: give {needed}")


def _way_to_start(graph: Graph, node: str, given: Collection[str]) -> str:
    """Return what to give for a node that is left out; nothing if another takes its place."""
    needed = [name for entry in graph.nodes if entry.name == node for name in entry.needs]
    starting = [
        argument.name
        for argument in graph.arguments
        if argument.effect is Effect.STARTS and argument.node == node
    ]
    for names in (needed, starting):
        if names and not {*names} & {*given}:
            return f": give {' or '.join(names)}, too"
    return ""


def doubts(request: StartRequest, starts: Sequence[Start]) -> list[str]:
    """Say what in a request has no effect though it was probably meant to: one sentence each."""
    if not request.parameters_file:
        return []
    file = ParameterFile(request.parameters_file)
    return file.overlooked([start.full_name for start in starts])


def _trusted(graph: Graph, request: StartRequest) -> list[PublicKey]:
    """Return the keys that somebody trusts who beats the parameter file, or that the graph has."""
    given: list[object] = [request.values.get(TRUSTED_KEYS.name, "")]
    if not any(given):
        given = [entry.parameters.get(TRUSTED_KEYS.name, []) for entry in graph.nodes]
    try:
        return [key for value in given for key in find_keys(value)]
    except ParameterError as error:
        raise RequestError(str(error)) from error


def _parameter_file(request: StartRequest, keys: Sequence[PublicKey]) -> ParameterFile | None:
    if not request.parameters_file:
        return None
    return ParameterFile(
        request.parameters_file, signed_only(read_file, keys) if keys else read_file
    )


def _with_values(start: Start, file: ParameterFile) -> Start:
    """Return a start that has all of a file's values, and needs it no longer."""
    values = {**file.values(start.full_name), **start.parameters}
    return replace(start, parameters=values, parameters_file="")


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


def _start(
    entry: Entry,
    request: StartRequest,
    settings: Sequence[_Given],
    topics: Mapping[str, str],
    file: ParameterFile | None,
) -> Start:
    """Return a node with its parameters: arguments beat the file, which beats the graph."""
    start = Start(
        entry.name,
        entry.kind,
        _namespace(request),
        parameters_file=request.parameters_file,
        remap=_remap(entry, request, topics),
        use_sim_time=request.use_sim_time,
    )
    in_file = file.values(start.full_name) if file else {}
    for parameter in entry.core.parameters:
        if parameter.name in in_file:
            _accept(parameter, in_file[parameter.name], f"{start.full_name} {parameter.name}")
    described = {name: value for name, value in entry.parameters.items() if name not in in_file}
    given = {
        name: _typed(argument.name, text, entry.core, name)
        for argument, text in settings
        if (name := argument.parameter_of(entry.name))
    }
    return replace(start, parameters={**described, **given})


def _remap(entry: Entry, request: StartRequest, topics: Mapping[str, str]) -> dict[str, str]:
    """Return the topics that a node uses instead of its own."""
    remap = {}
    for port in (*entry.core.inputs, *entry.core.outputs):
        topic = entry.topic(port.topic)
        remap[port.topic] = topics.get(topic, topic)
    if remap.get(_CAMERA_INFO) == _CAMERA_INFO and (image := topics.get(_IMAGE)):
        # a camera's calibration is beside its images, as image_transport looks for it
        remap[_CAMERA_INFO] = f"{image[: image.rfind('/') + 1]}camera_info"
    if remap.get(_TF) == _TF and _has_own_tf(request):
        remap[_TF] = request.tf_topic
    if remap.get(_TF_STATIC) == _TF_STATIC and _has_own_tf(request):
        remap[_TF_STATIC] = f"{request.tf_topic}_static"
    return {own: other for own, other in remap.items() if own != other}


def _namespace(request: StartRequest) -> str:
    """
    Return the namespace of all nodes: empty, or absolute.

    :raises RequestError: if ROS would not take it for one
    """
    name = request.namespace.strip("/")
    if name and not _NAMESPACE.fullmatch(name):
        raise RequestError(
            f"{request.namespace!r} is no namespace: expected names of letters, digits and "
            "underscores that don't begin with a digit, with a slash between them"
        )
    return f"/{name}" if name else ""


def _has_own_tf(request: StartRequest) -> bool:
    """Tell whether transforms are elsewhere than on _TF: without namespace, tf is the same."""
    return bool(_namespace(request)) or request.tf_topic != "tf"


def _typed(name: str, text: str, core: NodeCore, own: str) -> Value:
    """
    Read a text from the command line as the value of a parameter; what is no text is YAML.

    :param name: of the argument
    :param own: the parameter's name
    """
    parameter = next(one for one in core.parameters if one.name == own)
    try:
        value = text if isinstance(parameter.default, str) else yaml.safe_load(text)
    except yaml.YAMLError:
        value = text
    return _accept(parameter, value, name)


def _accept(parameter: Parameter, value: object, name: str) -> Value:
    """
    Return a value as a parameter takes it.

    :raises RequestError: if it doesn't
    """
    try:
        return parameter.accept(value, name)
    except ParameterError as error:
        raise RequestError(str(error)) from None
