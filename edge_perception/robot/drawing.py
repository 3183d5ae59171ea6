"""The graph of a robot as text: nodes, topics, who is connected with whom, parameters."""

from __future__ import annotations

from collections.abc import Iterator

from edge_perception.core.node import Port
from edge_perception.core.parameters import Parameter
from edge_perception.robot.graph import Entry, Graph


def draw(graph: Graph, parameters: bool) -> str:
    """
    Describe a graph.

    :param parameters: list the parameters of the nodes, too
    """
    return "\n".join(line for entry in graph.nodes for line in _node(graph, entry, parameters))


def _node(graph: Graph, entry: Entry, parameters: bool) -> Iterator[str]:
    yield f"{entry.name}  (edge_perception.nodes.{entry.kind})"
    for port in entry.ports.inputs:
        yield f"  <- {_port(entry, port)}  from {_partners(graph, entry, port, 'outputs')}"
    for port in entry.ports.outputs:
        yield f"  -> {_port(entry, port)}  to {_partners(graph, entry, port, 'inputs')}"
    for parameter in entry.core.parameters if parameters else ():
        value = entry.parameters.get(parameter.name, parameter.default)
        yield f"  {parameter.name} = {value!r}{_range(parameter)}: {parameter.description}"


def _port(entry: Entry, port: Port) -> str:
    return f"{entry.topic(port.topic)}  {port.type}  {port.qos.value}"


def _partners(graph: Graph, entry: Entry, port: Port, side: str) -> str:
    topic = entry.topic(port.topic)
    found = [
        other.name
        for other in graph.nodes
        if any(topic == other.topic(its.topic) for its in getattr(other.ports, side))
    ]
    return ", ".join(found) or "outside"


def _range(parameter: Parameter) -> str:
    if parameter.choices:
        return f" ({', '.join(parameter.choices)})"
    if parameter.minimum is None and parameter.maximum is None:
        return ""
    low = "" if parameter.minimum is None else f"{parameter.minimum:g}"
    high = "" if parameter.maximum is None else f"{parameter.maximum:g}"
    return f" ({low}..{high})"
