"""The node that shows the robot at the terminal of `edge-robot up`."""

from __future__ import annotations

import sys

from edge_perception.transport.ros.node import RosNode
from edge_perception.transport.stop import Stop
from edge_perception.views.terminal import TerminalCore


def make(stop: Stop, namespace: str, once: bool) -> RosNode:
    """
    Create the node.

    :param once: end the process after the first decision on an image
    """
    decided = stop.set if once else lambda: None
    name = namespace.strip("/")
    return RosNode(
        "_edge_robot_watch",  # a name that ROS hides: it is no part of the robot
        lambda: TerminalCore(sys.stdout, decided),
        ros_arguments=["-r", f"__ns:=/{name}"] if name else [],
    )
