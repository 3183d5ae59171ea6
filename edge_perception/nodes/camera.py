"""The camera node: pictures of a device, file or folder."""

import sys

from edge_perception.core.environment import Environment
from edge_perception.core.node import NodeCore
from edge_perception.nodes.base import NodeType, run


def make_core(environment: Environment) -> NodeCore:
    """Make the core; what it needs is loaded only now, so that a program hears signals early."""
    from edge_perception.core.camera.node import CameraCore

    return CameraCore(environment)


NODE = NodeType("camera", make_core, ("edge_perception.drivers",))


def main() -> int:
    """Run the node."""
    return run(NODE)


if __name__ == "__main__":
    sys.exit(main())
