"""``edge-robot record``: what the nodes of a running robot say, as a bag."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from edge_perception.bags.recorder import Limits, Recorder
from edge_perception.bags.recorder_core import RecorderCore
from edge_perception.core.node import Port
from edge_perception.robot.graph import Graph
from edge_perception.robot.plan import RequestError, Start
from edge_perception.transport import diagnostics
from edge_perception.transport.local import process
from edge_perception.transport.local.bus import Bus
from edge_perception.transport.local.endpoints import LocalEndpoints
from edge_perception.transport.shell import Shell
from edge_perception.transport.stop import Stop

if TYPE_CHECKING:
    from edge_perception.transport.sp.process import Network

_NAME = "_edge_robot_record"  # a name that ROS hides: it is no part of the robot
_DIAGNOSTICS = Port("diagnostics", diagnostics.TYPE, diagnostics.TOPIC)


def run(graph: Graph, options: argparse.Namespace, network: Callable[[], Network]) -> int:
    """
    Record until Ctrl-C or until a limit is reached.

    :param network: returns how the robot is met that has no ROS.
    :returns: the exit code
    :raises BagError: if there is such a folder, or it can't be written.
    :raises RequestError: if a topic is unknown.
    """
    limits = Limits(round(options.max_size * 1e6), options.max_duration, options.ring)
    recording = Recording(options.out, wanted(graph, options.topic), limits)
    try:
        if options.transport == "ros":
            return _on_ros(recording, options.namespace)
        return _on_nanomsg(recording, options.namespace, network())
    finally:
        recording.finish()


class Recording:
    """A recording and the node that makes it."""

    def __init__(self, folder: Path, ports: Sequence[Port], limits: Limits) -> None:
        """
        Begin.

        :raises BagError: if there is such a folder, or it can't be made.
        """
        self._ports = ports
        self._recorder = Recorder(folder, limits, {"recorded by": "edge-robot record"})
        self._core: RecorderCore | None = None

    def make_core(self, stop: Stop) -> RecorderCore:
        """Return the core of the node, which ends the process when a limit is reached."""

        def ended(why: str) -> None:
            if not stop:
                print(f"record: {why}", file=sys.stderr)
                stop.set()

        self._core = RecorderCore(self._ports, self._recorder, sys.stderr, ended)
        return self._core

    def shell(self, bus: Bus, namespace: str, stop: Stop) -> Shell:
        """Return the node on a bus."""
        endpoints = LocalEndpoints(bus, Start(_NAME, "", namespace))
        core = self.make_core(stop)
        return Shell(lambda: core, endpoints)

    def finish(self) -> None:
        """
        End the recording, and print what was recorded.

        :raises BagError: if the disk is full.
        """
        if self._core is not None:
            print(self._core.finish())


def wanted(graph: Graph, topics: list[str]) -> list[Port]:
    """
    Return the ports to record: all that nodes of the graph exchange, or some of these.

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


def _on_ros(recording: Recording, namespace: str) -> int:
    from edge_perception.transport.ros import process as ros
    from edge_perception.transport.ros.node import RosNode

    arguments = ["-r", f"__ns:={_full(namespace)}"] if _full(namespace) else []

    def make(stop: Stop) -> Iterator[RosNode]:
        core = recording.make_core(stop)
        yield RosNode(_NAME, lambda: core, ros_arguments=arguments)

    return ros.run(make, [])


def _on_nanomsg(recording: Recording, namespace: str, network: Network) -> int:
    from edge_perception.transport.sp.process import linked

    bus = Bus()

    def make(stop: Stop) -> Iterator[Shell]:
        yield recording.shell(bus, _full(namespace), stop)

    with linked(bus, network, lambda request: b""):
        return process.run(bus, make)


def _full(namespace: str) -> str:
    """Return a namespace as nodes have it: empty, or absolute."""
    name = namespace.strip("/")
    return f"/{name}" if name else ""
