"""The camera node: pictures of a device, file or folder."""

import sys

from edge_perception.core.camera import CameraCore
from edge_perception.drivers import open_source
from edge_perception.nodes.base import NodeType, run

NODE = NodeType("camera", lambda: CameraCore(open_source))


def main() -> int:
    """Run the node."""
    return run(NODE)


if __name__ == "__main__":
    sys.exit(main())
