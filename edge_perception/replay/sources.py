"""Which nodes of the graph work on a bag, and which of its topics take the place of the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from edge_perception.bags.record import Topic
from edge_perception.core.names import one_of
from edge_perception.core.node import ConfigurationError, NodeCore, Port, Ports
from edge_perception.core.parameters import Parameters
from edge_perception.robot.graph import Argument, Effect, Entry, Graph, TOPIC_FORM
from edge_perception.robot.plan import plan, RequestError, Start, StartRequest

_IMAGE, _COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
_BELOW = "/compressed"
"""Where compressed images are, below the topic of images."""
_TRANSPORT = "image_transport"


@dataclass(frozen=True)
class Cast:
    """
    Who plays which part in a replay.

    :ivar starts: the nodes that work on the bag.
    :ivar names: the topics of the robot by those of the bag, where they differ.
    :ivar recorded: what comes from the bag in a node's place: its topic by the node's name.
    :ivar missing: a sentence for each input that gets nothing though its node can't do without.
    """

    starts: tuple[Start, ...]
    names: Mapping[str, str]
    recorded: Mapping[str, str]
    missing: tuple[str, ...]

    def topic(self, graph: Graph, node: str, port: str) -> str:
        """Return where the output of a node is found: its own, or what comes from the bag."""
        entry = next((one for one in graph.nodes if one.kind == node), None)
        if entry is None:
            return ""
        start = next((one for one in self.starts if one.name == entry.name), None)
        own = next(one.topic for one in entry.core.outputs if one.name == port)
        if start is None and port == entry.core.outputs[0].name and entry.name in self.recorded:
            return self.recorded[entry.name]
        return _full(start.remap.get(own, own) if start else entry.topic(own))


def cast(
    graph: Graph,
    topics: Sequence[Topic],
    values: Mapping[str, str],
    from_bag: Collection[str] = (),
    names: Mapping[str, str] | None = None,
    parameters_file: str = "",
) -> Cast:
    """
    Decide who works on a bag: all nodes that need no device, and for which there is something.

    What a node would have published that doesn't work is looked for in the bag, by its type.

    :param values: of the graph's arguments, as for the robot.
    :param from_bag: nodes that shall not work though they could.
    :param names: the topics of the robot by those of the bag, where they differ.
    :raises RequestError: if there is nothing for a node that must not be missing, or too much.
    """
    entries = {entry.name: entry for entry in graph.nodes}
    for name in from_bag:
        if name not in entries:
            raise RequestError(f"no node of the robot is called {name!r}; {one_of(name, entries)}")
    search = _Search(graph, topics, dict(names or {}))
    given = {name: value for name, value in values.items() if value}
    for argument in graph.arguments:
        entry = entries[argument.node]
        port = _port(argument, entry)
        if port is None or not search.is_read(entry.topic(port.topic)):
            continue
        wanted = entry.name in from_bag
        if argument.name in given and not wanted:
            continue
        if argument.effect is Effect.REPLACES and not (wanted or _is_source(entry)):
            continue
        topic = search.find(argument, entry.topic(port.topic), port.type, wanted)
        if topic:
            form = TOPIC_FORM if argument.effect is Effect.STARTS else ""
            given[argument.name] = form + topic
    if search.compressed:
        given.setdefault(_TRANSPORT, "compressed")
    starts = plan(graph, StartRequest(given, parameters_file))
    working = tuple(
        start
        for start in starts
        if start.name not in from_bag and not _is_source(entries[start.name])
    )
    published = {search.names.get(topic.name, topic.name) for topic in topics}
    missing = _missing(working, entries, published)
    return Cast(working, search.names, search.recorded, tuple(missing))


class _Search:
    """
    Looks for what nodes would publish among the topics of a bag.

    :ivar names: the topics of the robot by those of the bag.
    :ivar recorded: what was found, by the node.
    :ivar compressed: whether the images that were found are.
    """

    def __init__(self, graph: Graph, topics: Sequence[Topic], names: dict[str, str]) -> None:
        self.names = names
        self.recorded: dict[str, str] = {}
        self.compressed = False
        self._types = {names.get(topic.name, topic.name): topic.type for topic in topics}
        self._read = {
            entry.topic(port.topic) for entry in graph.nodes for port in entry.core.inputs
        }
        self._own = {
            _full(entry.topic(port.topic)) for entry in graph.nodes for port in entry.core.outputs
        }

    def is_read(self, topic: str) -> bool:
        """Tell whether a node of the graph reads a topic."""
        return topic in self._read

    def find(self, argument: Argument, own: str, kind: str, must: bool) -> str:
        """
        Return the topic that takes the place of a node's output; empty if there is none.

        :param own: what the node calls it.
        :raises RequestError: if there are several, or none and there must be one.
        """
        found = self._of_type(_full(own), kind)
        if not found and kind == _IMAGE and (packed := self._of_type(_full(own), _COMPRESSED)):
            self.compressed = True
            base = packed[0].removesuffix(_BELOW)
            self.names.setdefault(packed[0], base + _BELOW)
            found = [base, *packed[1:]]
        if len(found) > 1:
            raise RequestError(
                f"the bag has several topics of type {kind} ({', '.join(found)}): choose one by "
                f"--{argument.name.replace('_', '-')} {_example(argument, found[0])}"
            )
        if not found and must:
            raise RequestError(
                f"{argument.node} can't be taken from the bag, which has no topic of type {kind}"
            )
        if found:
            self.recorded[argument.node] = found[0]
        return found[0] if found else ""

    def _of_type(self, own: str, kind: str) -> list[str]:
        """Return the topics that could be meant: that of the same name, or all of the type."""
        names = [name for name, type_ in self._types.items() if type_ == kind]
        if own in names or own + _BELOW in names:
            return [own if own in names else own + _BELOW]
        return [name for name in names if name not in self._own]


def _port(argument: Argument, entry: Entry) -> Port | None:
    """Return the output whose place an argument can give to a topic; None if it can't."""
    if argument.effect is Effect.STARTS:
        return entry.core.outputs[0]
    if argument.effect is not Effect.REPLACES:
        return None
    return next(port for port in entry.core.outputs if entry.topic(port.topic) == argument.topic)


def _is_source(entry: Entry) -> bool:
    """Tell whether a node only publishes: it reads a device, which a replay hasn't."""
    return not entry.core.inputs


def exchanged(starts: Iterable[Start], graph: Graph) -> tuple[dict[str, Port], dict[str, Port]]:
    """Return what nodes read, and what they publish: ports by the full names of their topics."""
    entries = {entry.name: entry for entry in graph.nodes}
    read: dict[str, Port] = {}
    said: dict[str, Port] = {}
    for start in starts:
        ports = _ports(start, entries[start.name].core)
        read |= {_topic(start, port): port for port in ports.inputs}
        said |= {_topic(start, port): port for port in ports.outputs}
    return read, said


def _missing(
    starts: Sequence[Start], entries: Mapping[str, Entry], published: set[str]
) -> Iterator[str]:
    """Yield a sentence for each input that gets nothing though its node can't do without."""
    own = {_topic(start, port) for start in starts for port in entries[start.name].core.outputs}
    for start in starts:
        for port in _ports(start, entries[start.name].core).inputs:
            topic = _topic(start, port)
            if not port.optional and topic not in own | published:
                yield (
                    f"{start.name} gets nothing on {topic}: no topic of the bag is of type "
                    f"{port.type} and called so; --topic {topic}=NAME says which one it is"
                )


def _topic(start: Start, port: Port) -> str:
    """Return the full name of a port's topic."""
    topic = _full(start.remap.get(port.topic, port.topic))
    below = f"/{port.transport}" if port.transport else ""
    return topic if topic.endswith(below) else topic + below


def _ports(start: Start, core: NodeCore) -> Ports:
    """Return the ports of a node with the parameters that it is started with."""
    try:
        return core.ports(Parameters(core.parameters, start.parameters))
    except ConfigurationError:  # which the node says when it is started
        return Ports()


def _example(argument: Argument, topic: str) -> str:
    return f"{TOPIC_FORM}{topic}" if argument.effect is Effect.STARTS else topic


def _full(topic: str) -> str:
    return topic if topic.startswith("/") else f"/{topic}"
