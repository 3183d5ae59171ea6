"""The decision node: what the robot shall do about what is seen."""

import sys

from edge_perception.core.decision import DecisionCore
from edge_perception.nodes.base import NodeType, run

NODE = NodeType("decision", DecisionCore)


def main() -> int:
    """Run the node."""
    return run(NODE)


if __name__ == "__main__":
    sys.exit(main())
