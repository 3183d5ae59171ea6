"""The perception node: what a compiled model sees in the newest image."""

import sys

from edge_perception.core.perception import PerceptionCore
from edge_perception.nodes.base import NodeType, run
from edge_perception.transport.ros import vision

NODE = NodeType("perception", PerceptionCore, vision.mirrors)


def main() -> int:
    """Run the node."""
    return run(NODE)


if __name__ == "__main__":
    sys.exit(main())
