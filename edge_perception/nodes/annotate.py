"""The annotation node: images with what was seen in them, for rviz and the like."""

import sys
from typing import Any

from edge_perception.core.environment import Environment
from edge_perception.core.node import NodeCore
from edge_perception.nodes.base import NodeType, run


def make_core(environment: Environment) -> NodeCore:
    """Make the core; what it needs is loaded only now, so that a program hears signals early."""
    from edge_perception.core.annotate.node import AnnotateCore

    return AnnotateCore(_annotate, environment.read_file)


def _annotate(*arguments: Any) -> Any:
    """Draw; what draws is loaded with the first image, as a robot without it needs no Pillow."""
    from edge_perception.views.annotation import annotate

    return annotate(*arguments)


NODE = NodeType("annotate", make_core)


def main() -> int:
    """Run the node."""
    return run(NODE)


if __name__ == "__main__":
    sys.exit(main())
