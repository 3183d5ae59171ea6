"""The pose node: where the robot is, by IMU and wheels."""

import sys

from edge_perception.core.pose.node import PoseCore
from edge_perception.nodes.base import NodeType, run

NODE = NodeType("pose", PoseCore)


def main() -> int:
    """Run the node."""
    return run(NODE)


if __name__ == "__main__":
    sys.exit(main())
