"""``edge-robot watch``: a running robot on a terminal."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
import os
import select
import sys
import termios
import tty
from typing import TYPE_CHECKING

from edge_perception.replay import guest
from edge_perception.robot.graph import Graph
from edge_perception.transport.stop import Stop
from edge_perception.views.watch import WatchCore

if TYPE_CHECKING:
    from edge_perception.transport.sp.process import Network


def run(graph: Graph, options: argparse.Namespace, network: Callable[[], Network]) -> int:
    """
    Show a robot until somebody ends it.

    :param network: returns how the robot is met that has no ROS.
    :returns: the exit code
    :raises RequestError: if a topic is unknown.
    """
    ports = guest.ports(graph, options.topic)

    def make_core(stop: Stop) -> WatchCore:
        return WatchCore(ports, sys.stdout, _key, stop.set)

    with _single_keys():
        return guest.run(make_core, options.transport, options.namespace, network)


def _key() -> str:
    """Return the key that was pressed; empty: none was, or there is no keyboard."""
    if sys.stdin.isatty() and select.select([sys.stdin], [], [], 0)[0]:
        return os.read(sys.stdin.fileno(), 1).decode(errors="replace")
    return ""


@contextmanager
def _single_keys() -> Iterator[None]:
    """Let keys come one by one while the context lasts."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
