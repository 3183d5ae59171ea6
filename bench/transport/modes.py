"""The ways in which the same robot is started."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

from bench.cache import BenchError
from bench.robot.processes import commands, COMPOSED, SEPARATE
from edge_perception.transport.ros.profile import VARIABLE as PROFILE
from edge_perception.transport.sp import registry

PATIENCE = 15.0  # seconds that a process may take to end
_NO_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<dds xmlns="http://www.eprosima.com"/>
"""
_UP = (sys.executable, "-m", "edge_perception.cli", "up", "--transport", "nanomsg")


@dataclass(frozen=True)
class Mode:
    """
    A way to start the robot.

    :ivar ros: whether it is over ROS 2
    :ivar composed: whether all nodes are in one process
    :ivar options: of `edge-robot up`, beyond those of the graph
    :ivar environment: of all processes
    """

    name: str
    ros: bool
    composed: bool
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


MODES = (
    Mode("ROS 2, default profile", True, False, environment={PROFILE: "none"}),
    Mode("ROS 2", True, False),
    Mode("ROS 2, one process", True, True),
    Mode("nanomsg ipc", False, False, ("--processes=each",)),
    Mode("nanomsg tcp", False, False, ("--processes=each", "--within=tcp")),
    Mode(
        "nanomsg ipc, by nng",
        False,
        False,
        ("--processes=each",),
        {"EDGE_ROBOT_SP": "nng"},
    ),
    Mode("nanomsg, one process", False, True),
)


@contextmanager
def started(
    mode: Mode, values: Mapping[str, str], folder: Path, domain: int
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """
    Run the robot while the context lasts.

    :param values: of the graph's arguments
    :param folder: for the log, the sockets, and a profile
    :yields: the processes that were started; they may have children
    :raises BenchError: if one doesn't end when told to
    """
    environment = os.environ | mode.environment
    environment[registry.VARIABLE] = str(folder)
    environment |= {
        "ROS_DOMAIN_ID": str(domain),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
    }
    if environment.get(PROFILE) == "none":
        (folder / "none.xml").write_text(_NO_PROFILE, encoding="utf-8")
        environment[PROFILE] = str(folder / "none.xml")
    log = folder / "log"
    processes = []
    with log.open("wb") as out:
        for command in _commands(mode, values):
            processes.append(
                subprocess.Popen(
                    command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
                )
            )
        try:
            yield processes
        finally:
            ended = _end(processes)
    if not ended:
        raise BenchError(f"{mode.name}: a process did not end on Ctrl-C, see {log}")


def _commands(mode: Mode, values: Mapping[str, str]) -> list[list[str]]:
    if mode.ros:
        return list(commands(COMPOSED if mode.composed else SEPARATE, values).values())
    given = [f"--{name.replace('_', '-')}={value}" for name, value in values.items()]
    return [[*_UP, *mode.options, *given]]


def _end(processes: list[subprocess.Popen[bytes]]) -> bool:
    for process in processes:
        process.send_signal(signal.SIGINT)
    end, well = time.monotonic() + PATIENCE, True
    for process in processes:
        try:
            process.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            well = False
    return well
