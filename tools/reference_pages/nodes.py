"""The nodes: their topics, services and parameters, from what their cores declare."""

from __future__ import annotations

from collections.abc import Iterator

from edge_perception.core.node import NodeCore, Port, Qos
from edge_perception.core.parameters import Parameter
from edge_perception.environment import this_machine
from edge_perception.nodes import base
from reference_pages.markdown import code, prose, table

_QOS = {
    Qos.SENSOR_DATA: "best effort, the newest",
    Qos.MATCHED: "as reliable as all publishers, the newest",
    Qos.DEFAULT: "reliable, the last 10",
    Qos.LATCHED: "reliable, the last one also for who comes later",
}


def page() -> str:
    """Return the page of all kinds of nodes."""
    parts = [
        "# Nodes, topics, parameters",
        "Topics and parameters as the nodes declare them. `edge-robot graph --parameters` shows "
        "them as a robot's graph sets and remaps them, `ros2 param describe` and `edge-robot "
        "param` while it runs. A port may be there with certain parameters only.",
    ]
    for kind in base.names():
        core = base.find(kind).make_core(this_machine())
        parts += [f"## {kind}", *_node(core)]
    return "\n\n".join(parts) + "\n"


def _node(core: NodeCore) -> Iterator[str]:
    ports = [_port_row("reads", port) for port in core.inputs]
    ports += [_port_row("publishes", port) for port in core.outputs]
    if ports:
        yield table(("", "topic", "type", "quality of service", ""), ports)
    if core.parameters:
        yield table(
            ("parameter", "default", "takes", "meaning"), map(_parameter_row, core.parameters)
        )


def _port_row(direction: str, port: Port) -> tuple[str, ...]:
    notes = ["may be missing"] if port.optional and direction == "reads" else []
    if port.service:
        verb = "also a service" if direction == "reads" else "a call"
        notes.append(f"{verb}: {code(port.service)}")
    if port.expires:
        notes.append(f"expires after {port.expires:g} s")
    return direction, code(port.topic), code(port.type), _QOS[port.qos], "; ".join(notes)


def _parameter_row(parameter: Parameter) -> tuple[str, ...]:
    live = " It can be set while the node works." if parameter.live else ""
    meaning = prose(parameter.description) + live
    return code(parameter.name), code(repr(parameter.default)), parameter.expectation(), meaning
