"""The annotation node: images with what was seen in them, for rviz and the like."""

import sys

from edge_perception.core.annotate.node import AnnotateCore
from edge_perception.nodes.base import NodeType, run


def _core() -> AnnotateCore:
    from edge_perception.drivers.annotation import annotate

    return AnnotateCore(annotate)


NODE = NodeType("annotate", _core)


def main() -> int:
    """Run the node."""
    return run(NODE)


if __name__ == "__main__":
    sys.exit(main())
