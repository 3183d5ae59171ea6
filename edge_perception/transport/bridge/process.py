"""The process of a bridge: ``edge-robot bridge``, and the executable ``bridge`` of ROS 2."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
import sys
import threading
from typing import TYPE_CHECKING

from edge_perception import ending
from edge_perception.core.whole_file import FileError
from edge_perception.robot.plan import RequestError
from edge_perception.share import share_dir

if TYPE_CHECKING:
    from rclpy.executors import Executor
    from rclpy.node import Node

CALLS = 8  # of the robot's services that may wait at the same time
LOOK = 0.5  # seconds between two looks at which topics there are


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run a bridge until told to stop.

    :returns: the exit code
    """
    ending.at_once()
    parser = argparse.ArgumentParser(prog="bridge", description=__doc__)
    parser.add_argument("--config", type=Path, metavar="FILE", help="the topics")
    options, ros_arguments = parser.parse_known_args(argv)
    try:
        return run(options.config or default_path(), ros_arguments)
    except (FileError, RequestError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def default_path() -> Path:
    """Return where this package has its rules of a bridge."""
    return share_dir() / "config" / "bridge.yaml"


def run(config: Path, ros_arguments: Sequence[str] = ()) -> int:
    """
    Run a bridge until told to stop.

    :raises FileError: if the file has a mistake
    :raises RequestError: if ROS 2 isn't there, or another bridge runs
    """
    from edge_perception.transport.bridge.rules import load, NAME, SERVANT
    from edge_perception.transport.local.bus import Bus
    from edge_perception.transport.sp.process import linked, Network
    from edge_perception.transport.sp.services import Services
    from edge_perception.transport.stop import Stop

    rules = load(config)
    try:
        import rclpy
        from rclpy.executors import MultiThreadedExecutor, SingleThreadedExecutor
        from rclpy.signals import SignalHandlerOptions

        from edge_perception.transport.bridge.bridge import Bridge
        from edge_perception.transport.ros.profile import use_transport_profile
    except ImportError as error:
        raise RequestError(
            f"the bridge needs ROS 2, which can't be imported ({error}): source its setup.bash"
        ) from error
    use_transport_profile()
    stop, bus = Stop(), Bus()
    rclpy.init(args=list(ros_arguments), signal_handler_options=SignalHandlerOptions.NO)
    try:
        with (
            spinning(NAME, SingleThreadedExecutor()) as node,
            spinning(SERVANT, MultiThreadedExecutor(CALLS)) as servant,
            linked(bus, Network(NAME), Services(bus).answer) as link,
        ):
            bridge = Bridge(node, servant, bus, link, rules)
            while not stop:
                bridge.look()
                stop.wait(LOOK)
    finally:
        rclpy.try_shutdown()
        ending.not_again()
    return 0


@contextmanager
def spinning(name: str, executor: Executor) -> Iterator[Node]:
    """Have a node whose callbacks an executor calls, from a thread, while the context lasts."""
    import rclpy
    from rclpy.task import Future

    node = rclpy.create_node(name, context=executor.context)
    executor.add_node(node)
    ended: Future[None] = Future()
    thread = threading.Thread(
        target=executor.spin_until_future_complete, args=[ended], name=name, daemon=True
    )
    thread.start()
    try:
        yield node
    finally:
        ended.set_result(None)
        executor.wake()
        thread.join()
        executor.shutdown()  # not before: it destroys what a thread that spins waits for
        node.destroy_node()


if __name__ == "__main__":
    sys.exit(main())
