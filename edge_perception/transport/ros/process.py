"""A process with nodes: start, run until told to stop, leave nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
import faulthandler
import math
import os
import sys
import threading
import time

import rclpy
from rclpy.exceptions import NameValidationException
from rclpy.executors import SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

from edge_perception import ending
from edge_perception.core.node import ConfigurationError
from edge_perception.transport.ros.guard import Guard
from edge_perception.transport.ros.node import RosNode
from edge_perception.transport.ros.profile import use_transport_profile
from edge_perception.transport.shell import CHECK_PERIOD
from edge_perception.transport.stop import Stop
from edge_perception.transport.threads import (
    keep_what_is_there,
    look_through_everything,
    name_thread,
    switch_soon,
)

LONGEST_END = 8.0  # seconds: `ros2 launch` and containers kill what has not ended after ten
LONGEST_GOODBYE = 3.0  # seconds that the middleware may take of them
REFUSALS = (
    ConfigurationError,
    NameValidationException,
    _rclpy.RCLError,
    _rclpy.UnknownROSArgsError,
)
"""What a user's arguments can cause."""


def run(
    make_nodes: Callable[[Stop], Iterable[RosNode]],
    arguments: Sequence[str],
    duration: float | None = None,
) -> int:
    """
    Create nodes, start those that start by themselves, and run them until told to stop.

    They end when it returns, and leave the graph of ROS as the last act of the process.

    :param make_nodes: creates them in the order in which they are to be started
    :param arguments: ROS arguments of the process
    :param duration: seconds after which to stop
    :returns: the exit code
    """
    use_transport_profile()
    switch_soon()
    stop = Stop()
    guard = Guard()
    nodes: list[RosNode] = []
    try:
        rclpy.init(args=list(arguments), signal_handler_options=SignalHandlerOptions.NO)
        for node in make_nodes(stop):
            node.endpoints.guard = guard
            nodes.append(node)
        if all(not stop and node.start() for node in nodes):
            keep_what_is_there()
            _spin(nodes, stop, duration)
        else:
            stop.failed |= not stop
    except REFUSALS as error:
        stop.fail(_explained(error))
    except BaseException:
        stop.failed = True
        raise
    finally:
        _bound_the_end()
        for node in nodes:
            node.halt()  # all at once, so that their last steps end at the same time
        for node in reversed(nodes):
            node.close()
        guard.dismiss()
        ending.exit_code = int(stop.failed)
        # Fast DDS may hang within itself when others end, too: not before all that matters is done
        ending.at_last(lambda: _leave(nodes), LONGEST_GOODBYE)
        ending.not_again()
        faulthandler.cancel_dump_traceback_later()
    return int(stop.failed)


def _leave(nodes: list[RosNode]) -> None:
    """Let nodes leave the graph; else others would see them for 20 seconds more."""
    while nodes:
        nodes.pop().destroy_node()
    look_through_everything()  # a node and its state machine know each other
    rclpy.try_shutdown()


def _explained(error: Exception) -> str:
    """Return what ROS says, and what to do where it doesn't tell."""
    if "logging directory" in str(error):
        home = os.environ.get("HOME")
        return (
            f"ROS 2 has no folder for its log files ({'HOME is not set' if not home else error}):"
            " set HOME or ROS_LOG_DIR to a folder that can be written"
        )
    return str(error)


def _spin(nodes: Sequence[RosNode], stop: Stop, duration: float | None) -> None:
    """Run callbacks in a thread, and watch the nodes in this one, which gets signals at once."""
    # not the EventsExecutor: in rclpy 9.1.2 it hangs outside the main thread
    executor = SingleThreadedExecutor()
    for node in nodes:
        executor.add_node(node)
    ended: Future[None] = Future()

    def work() -> None:
        name_thread("executor")
        try:
            executor.spin_until_future_complete(ended)
        except Exception as error:
            stop.fail(f"{type(error).__name__}: {error}")

    thread = threading.Thread(target=work, name="executor")
    thread.start()
    try:
        _watch(nodes, stop, duration)
    finally:
        _bound_the_end()
        ended.set_result(None)
        thread.join()
        executor.shutdown()  # not before: it destroys what a thread that spins waits for


def _watch(nodes: Sequence[RosNode], stop: Stop, duration: float | None) -> None:
    """
    Look at the nodes until told to stop, or until time is up.

    No timers do that: an executor that wakes looks for work among all that its nodes have.
    """
    end = math.inf if duration is None else time.monotonic() + duration
    while not stop and (left := end - time.monotonic()) > 0:
        stop.wait(min(CHECK_PERIOD, left))
        for node in () if stop else nodes:
            node.look()


def _bound_the_end() -> None:
    """Show where the process hangs, and end it with exit code 1, unless it ends in time."""
    faulthandler.dump_traceback_later(LONGEST_END, exit=True, file=sys.__stderr__ or 2)
