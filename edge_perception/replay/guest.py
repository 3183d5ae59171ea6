"""A node that is no part of a robot, beside the robot's nodes, on any transport."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from edge_perception.core.node import NodeCore, Port
from edge_perception.robot.graph import Graph
from edge_perception.robot.plan import RequestError, Start
from edge_perception.transport import diagnostics
from edge_perception.transport.local import process as local
from edge_perception.transport.local.bus import Bus
from edge_perception.transport.local.endpoints import LocalEndpoints
from edge_perception.transport.shell import Shell
from edge_perception.transport.stop import Stop

if TYPE_CHECKING:
    from edge_perception.transport.ros.node import RosNode
    from edge_perception.transport.sp.process import Network

NAME = "_edge_robot_guest"  # a name that ROS hides
_DIAGNOSTICS = Port("diagnostics", diagnostics.TYPE, diagnostics.TOPIC)
MakeCore = Callable[[Stop], NodeCore]
"""Makes the node's core; it may end the process."""


def ports(graph: Graph, topics: list[str]) -> list[Port]:
    """
    Return inputs for all that nodes of the graph exchange, or for some of these topics.

    :raises RequestError: if a topic is unknown.
    """
    found: dict[str, Port] = {}
    for entry in graph.nodes:
        for port in (*entry.core.outputs, *entry.core.inputs):
            topic = entry.topic(port.topic)
            key = f"{topic}/{port.transport}" if port.transport else topic
            name = f"topic_{len(found)}"
            found.setdefault(key, Port(name, port.type, topic, port.qos, transport=port.transport))
    found.setdefault(_DIAGNOSTICS.topic, _DIAGNOSTICS)
    known = {key.lstrip("/"): port for key, port in found.items()}
    if not topics:
        return list(known.values())
    if missing := [one for one in topics if one.lstrip("/") not in known]:
        raise RequestError(
            f"no node of the robot has a topic {missing[0]}: there are {', '.join(sorted(known))}"
        )
    return [known[one.lstrip("/")] for one in topics]


def shell(bus: Bus, namespace: str, core: NodeCore) -> Shell:
    """Return the node on a bus."""
    return Shell(lambda: core, LocalEndpoints(bus, Start(NAME, "", _full(namespace))))


def run(
    make_core: MakeCore, transport: str, namespace: str, network: Callable[[], Network]
) -> int:
    """
    Run the node until the process is told to end.

    :param transport: "ros" or "nanomsg"
    :param network: returns how the robot is met that has no ROS.
    :returns: the exit code
    """
    if transport == "ros":
        return _on_ros(make_core, namespace)
    from edge_perception.transport.sp.process import linked

    bus = Bus()

    def make(stop: Stop) -> Iterator[Shell]:
        yield shell(bus, namespace, make_core(stop))

    with linked(bus, network(), lambda request: b""):
        return local.run(bus, make)


def _on_ros(make_core: MakeCore, namespace: str) -> int:
    from edge_perception.transport.ros import node, process

    arguments = ["-r", f"__ns:={_full(namespace)}"] if _full(namespace) else []

    def make(stop: Stop) -> Iterator[RosNode]:
        core = make_core(stop)
        yield node.RosNode(NAME, lambda: core, ros_arguments=arguments)

    return process.run(make, [])


def _full(namespace: str) -> str:
    """Return a namespace as nodes have it: empty, or absolute."""
    name = namespace.strip("/")
    return f"/{name}" if name else ""
