"""The node that shows the robot at the terminal of `edge-robot up`, without ROS."""

from __future__ import annotations

import sys

from edge_perception.robot.plan import Start
from edge_perception.transport.local.bus import Bus
from edge_perception.transport.local.endpoints import LocalEndpoints
from edge_perception.transport.shell import Shell
from edge_perception.transport.stop import Stop
from edge_perception.views.terminal import TerminalCore


def make(bus: Bus, stop: Stop, namespace: str, once: bool) -> Shell:
    """
    Create the node.

    :param once: end the process after the first decision on an image
    """
    decided = stop.set if once else lambda: None
    endpoints = LocalEndpoints(bus, Start("terminal", "", namespace))
    return Shell(lambda: TerminalCore(sys.stdout, decided), endpoints)
