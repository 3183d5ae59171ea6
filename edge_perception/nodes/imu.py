"""The IMU node: how the robot turns and is pushed."""

import sys

from edge_perception.core.imu import ImuCore
from edge_perception.drivers.imu import open_imu
from edge_perception.drivers.imu.bias_file import BiasFiles
from edge_perception.nodes.base import NodeType, run

NODE = NodeType("imu", lambda: ImuCore(open_imu, BiasFiles()))


def main() -> int:
    """Run the node."""
    return run(NODE)


if __name__ == "__main__":
    sys.exit(main())
