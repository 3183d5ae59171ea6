"""The velocity gate: commands on their way to the wheels, within what the decision allows."""

import sys

from edge_perception.core.velocity_gate import VelocityGateCore
from edge_perception.nodes.base import NodeType, run

NODE = NodeType("velocity_gate", VelocityGateCore)


def main() -> int:
    """Run the node."""
    return run(NODE)


if __name__ == "__main__":
    sys.exit(main())
