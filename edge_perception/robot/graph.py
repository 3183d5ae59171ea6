"""The robot as a graph of nodes: config/robot.yaml, read and checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
import re

from edge_perception.core.environment import ReadFile
from edge_perception.core.keys import Key, Keys, required
from edge_perception.core.located_yaml import Item, read
from edge_perception.core.names import one_of
from edge_perception.core.node import ConfigurationError, NodeCore, Ports
from edge_perception.core.parameters import Parameter, ParameterError, Parameters, Value
from edge_perception.environment import this_machine
from edge_perception.files import read_file
from edge_perception.nodes import base
from edge_perception.share import share_dir

NAME = re.compile(r"[A-Za-z]\w*\Z")
NONE = "none"
TOPIC_FORM = "topic:"
"""What the value of an argument that starts a node begins with if it is a topic instead."""


class Effect(Enum):
    """What the value of an argument does; `ARGUMENT` explains them."""

    SETS = "sets"
    STARTS = "starts"
    REPLACES = "replaces"
    RENAMES = "renames"


_EFFECTS = tuple(effect.value for effect in Effect)
_PARAMETER = "NODE.PARAMETER"
TOP: Keys = {
    "arguments": Key("a mapping", "what is given at the start, by name"),
    "nodes": Key("a mapping", "the nodes, by name", True),
}
"""The keys of a graph."""
NODE: Keys = {
    "kind": Key("a kind of node", "what it is; the node's name if not given"),
    "needs": Key(
        "a list of arguments", "of which one must be given, or the node is left out; none if empty"
    ),
    "parameters": Key("a mapping", "values instead of the defaults"),
    "remap": Key("a mapping", "by the node's own topics, the topics that it uses instead"),
}
"""Those of a node; none need be there."""
ARGUMENT: Keys = {
    "description": Key("a text", "for --help and ros2 launch --show-args", True),
    Effect.SETS.value: Key(_PARAMETER, "the value is that parameter's"),
    Effect.STARTS.value: Key(
        _PARAMETER,
        f"as {Effect.SETS.value}, but without a value, or with {NONE}, the node is left out; with "
        f"{TOPIC_FORM}NAME, too, and readers of its first output use that topic",
    ),
    Effect.REPLACES.value: Key(
        "NODE.OUTPUT", "the value is a topic; the node is left out, its readers use the topic"
    ),
    Effect.RENAMES.value: Key(
        "NODE.PORT",
        "the value is a topic in place of the port's: if it is an output, its readers look there, "
        "too",
    ),
    "tells": Key(
        f"{_PARAMETER}, or a list of some",
        "those of other nodes that get the value, too, where these nodes are started",
    ),
    "required": Key("true or false", "there is no start without it; false if not given"),
}
"""Those of an argument: of what its value does, it has one."""


@dataclass(frozen=True)
class Entry:
    """
    A node of the graph.

    :ivar core: shows its parameters, and the ports that it may have.
    :ivar ports: those that it has with ``parameters``.
    :ivar remap: topics to use instead of the core's own.
    :ivar needs: arguments of which one must be given, or the node is left out.
    """

    name: str
    kind: str
    core: NodeCore
    ports: Ports
    parameters: Mapping[str, Value]
    remap: Mapping[str, str]
    needs: tuple[str, ...] = ()

    def topic(self, own: str) -> str:
        """Return the topic that is used for one of the core's."""
        return self.remap.get(own, own)


@dataclass(frozen=True)
class Argument:
    """
    A value that is given at the start.

    :ivar node: that it concerns.
    :ivar parameter: that it sets; empty if the value is a topic.
    :ivar topic: of the node, that the value takes the place of. An argument that starts a node has
        a parameter, too: its value is one for that, or TOPIC_FORM and a topic.
    :ivar tells: parameters of other nodes that it sets, too, where these are started: node, name.
    """

    name: str
    description: str
    required: bool
    effect: Effect
    node: str
    parameter: str = ""
    topic: str = ""
    tells: tuple[tuple[str, str], ...] = ()

    def parameter_of(self, node: str) -> str:
        """Return which parameter of a node it sets; empty if none."""
        return self.parameter if node == self.node else dict(self.tells).get(node, "")


@dataclass(frozen=True)
class Graph:
    """The nodes of a robot and the arguments of its start."""

    arguments: tuple[Argument, ...]
    nodes: tuple[Entry, ...]


def default_path() -> Path:
    """Return where this package has its graph."""
    return share_dir() / "config" / "robot.yaml"


def load(path: Path | None = None, read_file: ReadFile = read_file) -> Graph:
    """
    Read and check a graph.

    :param path: config/robot.yaml of this package if it is not given
    :param read_file: reads it
    :raises FileError: at the first mistake: file, line, column, what was expected
    """
    top = read(path or default_path(), read_file).mapping(TOP, required(TOP))
    arguments = top["arguments"].mapping() if "arguments" in top else {}
    nodes = [_entry(name, item, arguments) for name, item in top["nodes"].mapping().items()]
    by_name = {entry.name: entry for entry in nodes}
    return Graph(
        tuple(_argument(name, item, by_name) for name, item in arguments.items()), tuple(nodes)
    )


def _entry(name: str, item: Item, arguments: Collection[str]) -> Entry:
    if not NAME.match(name):
        raise item.error(f"{name!r} can't be a node's name: use letters, digits and _")
    fields = item.mapping(NODE) if not item.is_empty() else {}
    kinds = base.names()
    if "kind" in fields:
        kind = fields["kind"].choice(kinds, "kind of node")
    elif name in kinds:
        kind = name
    else:
        raise item.error(f"the key 'kind' is missing; {one_of(name, kinds)}")
    core = base.find(kind).make_core(this_machine())
    declared = {parameter.name: parameter for parameter in core.parameters}
    given = fields["parameters"].mapping(declared) if "parameters" in fields else {}
    values = {key: _value(value, declared[key]) for key, value in given.items()}
    try:
        ports = core.ports(Parameters(core.parameters, values))
    except ConfigurationError as error:
        raise item.error(str(error)) from None
    topics = [port.topic for port in (*core.inputs, *core.outputs)]
    remap = fields["remap"].mapping(topics) if "remap" in fields else {}
    return Entry(
        name,
        kind,
        core,
        ports,
        values,
        {key: value.text() for key, value in remap.items()},
        tuple(one.choice(arguments, "argument") for one in fields["needs"].sequence())
        if "needs" in fields
        else (),
    )


def _argument(name: str, item: Item, nodes: Mapping[str, Entry]) -> Argument:
    fields = item.mapping(ARGUMENT, required(ARGUMENT))
    effects = [effect for effect in Effect if effect.value in fields]
    if len(effects) != 1:
        raise item.error(f"expected one of the keys {', '.join(map(repr, _EFFECTS))}")
    effect = effects[0]
    node, rest, known = _target(fields[effect.value], effect, nodes)
    entry = nodes[node]
    told = fields["tells"].one_or_several() if "tells" in fields else []
    return Argument(
        name=name,
        description=fields["description"].text(),
        required="required" in fields and fields["required"].flag(),
        effect=effect,
        node=node,
        parameter="" if known[rest] else rest,
        topic=entry.topic(entry.core.outputs[0].topic) if effect is Effect.STARTS else known[rest],
        tells=tuple(_target(one, Effect.SETS, nodes)[:2] for one in told),
    )


def _target(
    item: Item, effect: Effect, nodes: Mapping[str, Entry]
) -> tuple[str, str, dict[str, str]]:
    """Return the node of NODE.NAME, the name, and the targets that the node has with topics."""
    node, _, rest = item.text().partition(".")
    if node not in nodes:
        raise item.error(f"unknown node {node!r}; {one_of(node, nodes)}")
    what, known = _targets(effect, nodes[node])
    if rest not in known:
        raise item.error(f"{node} has no {what} {rest!r}; {one_of(rest, known)}")
    return node, rest, known


def _targets(effect: Effect, entry: Entry) -> tuple[str, dict[str, str]]:
    """Return what an effect has for a target, and those of a node with their topics."""
    if effect in (Effect.SETS, Effect.STARTS):
        return "parameter", {parameter.name: "" for parameter in entry.core.parameters}
    renames = effect is Effect.RENAMES
    ports = (*(entry.core.inputs if renames else ()), *entry.core.outputs)
    what = "input or output" if renames else "output"
    return what, {port.name: entry.topic(port.topic) for port in ports}


def _value(item: Item, parameter: Parameter) -> Value:
    """Read the value of a parameter."""
    try:
        return parameter.accept(item.value())
    except ParameterError as error:
        raise item.error(str(error)) from None
