"""A process with nodes: start, run until told to stop, leave nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
import os
import signal
import sys
import threading

import rclpy
from rclpy.exceptions import NameValidationException
from rclpy.executors import SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.signals import SignalHandlerOptions

from edge_perception.core.node import ConfigurationError
from edge_perception.share import share_dir
from edge_perception.transport.ros.node import RosNode

PROFILE_VARIABLE = "FASTDDS_DEFAULT_PROFILES_FILE"
SIGNALS = (signal.SIGINT, signal.SIGTERM)
REFUSALS = (
    ConfigurationError,
    NameValidationException,
    _rclpy.RCLError,
    _rclpy.UnknownROSArgsError,
)
"""What a user's arguments can cause."""


class Stop:
    """What ends the process: a signal, a failure, or anybody who calls `set`."""

    def __init__(self) -> None:
        self.failed = False
        self._event = threading.Event()
        for number in SIGNALS:
            signal.signal(number, lambda *_: self.set())

    def set(self) -> None:
        """End the process."""
        self._event.set()

    def fail(self, reason: str) -> None:
        """End the process with exit code 1."""
        print(f"error: {reason}", file=sys.stderr)
        self.failed = True
        self.set()

    def wait(self, seconds: float | None) -> None:
        """Wait until the process is to end, or for so many seconds."""
        self._event.wait(seconds)

    def __bool__(self) -> bool:
        """Tell whether the process is to end."""
        return self._event.is_set()


def run(
    make_nodes: Callable[[Stop], Iterable[RosNode]],
    arguments: Sequence[str],
    duration: float | None = None,
) -> int:
    """
    Create nodes, start those that start by themselves, and run them until told to stop.

    :param make_nodes: creates them in the order in which they are to be started
    :param arguments: ROS arguments of the process
    :param duration: seconds after which to stop
    :returns: the exit code
    """
    use_transport_profile()
    stop = Stop()
    nodes: list[RosNode] = []
    try:
        rclpy.init(args=list(arguments), signal_handler_options=SignalHandlerOptions.NO)
        for node in make_nodes(stop):
            nodes.append(node)
        if all(not stop and node.start() for node in nodes):
            _spin(nodes, stop, duration)
        else:
            stop.failed |= not stop
    except REFUSALS as error:
        stop.fail(str(error))
    finally:
        for node in reversed(nodes):
            node.destroy_node()
        rclpy.try_shutdown()
        for number in SIGNALS:  # a second Ctrl-C must not kill Python while it ends
            signal.signal(number, signal.SIG_IGN)
    return int(stop.failed)


def use_transport_profile() -> None:
    """Let Fast DDS pass camera images through shared memory, unless the user has a profile."""
    os.environ.setdefault(PROFILE_VARIABLE, str(share_dir() / "config" / "fastdds.xml"))


def _spin(nodes: Sequence[RosNode], stop: Stop, duration: float | None) -> None:
    """Run callbacks in a thread, so that the main thread gets signals without delay."""
    # not the EventsExecutor: in rclpy 9.1.2 it hangs outside the main thread
    executor = SingleThreadedExecutor()
    for node in nodes:
        executor.add_node(node)

    def work() -> None:
        try:
            executor.spin()
        except Exception as error:
            stop.fail(f"{type(error).__name__}: {error}")

    thread = threading.Thread(target=work, name="executor")
    thread.start()
    try:
        stop.wait(duration)
    finally:
        executor.shutdown()
        thread.join()
