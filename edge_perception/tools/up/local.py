"""``edge-robot up --transport local``: the robot in this process, without ROS, for itself."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from functools import partial

from edge_perception.environment import this_machine
from edge_perception.nodes import base
from edge_perception.robot.graph import Graph
from edge_perception.robot.plan import Start
from edge_perception.tools import listening
from edge_perception.transport.local import process, watch
from edge_perception.transport.local.bus import Bus
from edge_perception.transport.local.endpoints import LocalEndpoints
from edge_perception.transport.shell import Shell
from edge_perception.transport.stop import Stop


def run(graph: Graph, starts: Sequence[Start], options: argparse.Namespace) -> int:
    """
    Start the robot, and run it until told to stop.

    :returns: the exit code
    """
    bus, environment = Bus(), this_machine()
    recording = None
    if options.record:
        from edge_perception.replay import guest

        recording = listening.recording(graph, options.record)

    def make_nodes(stop: Stop) -> Iterator[Shell]:
        if recording is not None:
            yield guest.shell(bus, starts[0].namespace, recording.beside_a_robot())
        yield watch.make(bus, stop, starts[0].namespace, options.once)
        for start in starts:
            make_core = base.find(start.kind).make_core
            yield Shell(partial(make_core, environment), LocalEndpoints(bus, start))

    try:
        return process.run(bus, make_nodes, options.duration)
    finally:
        if recording is not None:
            recording.finish()
