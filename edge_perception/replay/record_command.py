"""``edge-robot record``: what the nodes of a running robot say, as a bag."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from edge_perception.bags.recorder import Limits, Recorder
from edge_perception.bags.recorder_core import RecorderCore
from edge_perception.core.node import Port
from edge_perception.replay import guest
from edge_perception.robot.graph import Graph
from edge_perception.transport.stop import Stop

if TYPE_CHECKING:
    from edge_perception.transport.sp.process import Network


def run(graph: Graph, options: argparse.Namespace, network: Callable[[], Network]) -> int:
    """
    Record until Ctrl-C or until a limit is reached.

    :param network: returns how the robot is met that has no ROS.
    :returns: the exit code
    :raises BagError: if there is such a folder, or it can't be written.
    :raises RequestError: if a topic is unknown.
    """
    limits = Limits(round(options.max_size * 1e6), options.max_duration, options.ring)
    recording = Recording(options.out, guest.ports(graph, options.topic), limits)
    try:
        return guest.run(recording.ending, options.transport, options.namespace, network)
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

    def ending(self, stop: Stop) -> RecorderCore:
        """Return the core of the node, which ends the process when no more is recorded."""
        return self._make_core(stop.set)

    def beside_a_robot(self) -> RecorderCore:
        """Return the core of the node; when no more is recorded, the robot goes on."""
        return self._make_core(lambda: None)

    def _make_core(self, ended: Callable[[], None]) -> RecorderCore:
        def say(why: str) -> None:
            print(f"record: {why}; no more is recorded", file=sys.stderr)
            ended()

        self._core = RecorderCore(self._ports, self._recorder, sys.stderr, say)
        return self._core

    def finish(self) -> None:
        """
        End the recording, and print what was recorded.

        :raises BagError: if the disk is full, or nothing came.
        """
        if self._core is not None:
            print(self._core.finish())
        else:
            self._recorder.close()
