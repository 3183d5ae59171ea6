"""A process with some of the robot's nodes, which a supervisor starts; its job is on stdin."""

import sys

from edge_perception import ending


def main() -> int:
    """
    Run the nodes.

    :returns: the exit code
    """
    ending.at_once()
    from edge_perception.robot.plan import RequestError
    from edge_perception.tools.up import child

    try:
        return child(sys.stdin.read())
    except RequestError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
