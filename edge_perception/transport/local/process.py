"""Nodes on a bus: start, run until told to stop, end with what makes the robot safe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
import time

from edge_perception import ending
from edge_perception.core.node import Diagnostic, Level
from edge_perception.transport import log
from edge_perception.transport.local.bus import Bus
from edge_perception.transport.local.speaker import Speaker
from edge_perception.transport.shell import CHECK_PERIOD, Shell
from edge_perception.transport.stop import Stop
from edge_perception.transport.threads import keep_what_is_there, switch_soon

GRACE = 1.0  # seconds in which messages may begin to come


def run(
    bus: Bus,
    make_nodes: Callable[[Stop], Iterable[Shell]],
    duration: float | None = None,
    started: Callable[[], None] = lambda: None,
) -> int:
    """
    Start nodes, and run them until told to stop.

    Their diagnostics are published as on ROS 2; what changes in them is printed, too.

    :param make_nodes: makes them in the order in which they are to be started
    :param duration: seconds after which to stop
    :param started: is called when all are active
    :returns: the exit code: 1 if a node can't be started, and the reason is on standard error
    """
    switch_soon()
    stop = Stop()
    nodes: list[Shell] = []
    try:
        for node in make_nodes(stop):
            nodes.append(node)
        if all(not stop and shell.configure() and shell.activate() for shell in nodes):
            started()
            keep_what_is_there()
            _watch(bus, nodes, stop, duration)
        else:
            stop.failed |= not stop
    finally:
        for shell in nodes:
            shell.halt()  # all at once, so that their last steps end at the same time
        ended = [shell.clean_up() for shell in reversed(nodes)]
        ending.not_again()
    return int(stop.failed or not all(ended))


def _watch(bus: Bus, nodes: Sequence[Shell], stop: Stop, duration: float | None) -> None:
    """Look at the nodes' diagnostics, until told to stop or time is up."""
    begun = time.monotonic()
    levels: dict[str, Level] = {}
    speakers = [Speaker(bus, shell.name) for shell in nodes]
    while not stop:
        elapsed = time.monotonic() - begun
        if duration is not None and elapsed >= duration:
            return
        left = CHECK_PERIOD if duration is None else min(CHECK_PERIOD, duration - elapsed)
        stop.wait(left)
        for shell, speaker in zip(nodes, speakers, strict=True):
            found = shell.diagnose()
            speaker.publish(found, shell.core.hardware)
            if elapsed >= GRACE:
                _show(shell.name, found, levels)


def _show(node: str, found: Iterable[Diagnostic], levels: dict[str, Level]) -> None:
    """Print those whose level changed since it was printed last."""
    for one in found:
        name = f"{node.lstrip('/')}: {one.name}"
        if one.level is not levels.get(name, Level.OK):
            levels[name] = one.level
            log.state(one.level, name, one.message)
