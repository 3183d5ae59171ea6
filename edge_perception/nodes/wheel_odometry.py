"""The wheel odometry node: how far the wheels say that the robot went."""

import sys

from edge_perception.core.wheel_odometry import WheelOdometryCore
from edge_perception.drivers.wheels import open_wheels
from edge_perception.nodes.base import NodeType, run

NODE = NodeType("wheel_odometry", lambda: WheelOdometryCore(open_wheels))


def main() -> int:
    """Run the node."""
    return run(NODE)


if __name__ == "__main__":
    sys.exit(main())
