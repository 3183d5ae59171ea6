"""The ways in which the same robot is started."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
import sys

from bench.robot.processes import commands, COMPOSED, on_domain, Process, running, SEPARATE
from bench.transport import zenoh
from edge_perception.transport.ros.profile import VARIABLE as PROFILE
from edge_perception.transport.sp import registry
from edge_perception.transport.sp.choice import CHOICE

LOG = "log"
"""The file with what the processes print."""
LOCAL, NANOMSG, ROS = "local", "nanomsg", "ros"
"""What `edge-robot up --transport` takes."""
_NO_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<dds xmlns="http://www.eprosima.com"/>
"""


@dataclass(frozen=True)
class Mode:
    """
    A way to start the robot.

    :ivar transport: LOCAL (nothing leaves the process), NANOMSG or ROS
    :ivar composed: whether all nodes are in one process
    :ivar options: of `edge-robot up`, beyond those of the graph
    :ivar environment: variables of all processes
    :ivar program: the module with `edge-robot`
    """

    name: str
    transport: str
    composed: bool
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    program: str = "edge_perception.cli"

    @property
    def variables(self) -> Mapping[str, str]:
        """Return the environment variables of all processes."""
        if self.program == zenoh.__name__:
            return {**zenoh.environment(), **self.environment}
        return self.environment


MODES = (
    Mode("ROS 2, default profile", ROS, False, environment={PROFILE: "none"}),
    Mode("ROS 2", ROS, False),
    Mode("ROS 2, one process", ROS, True),
    Mode("nanomsg ipc", NANOMSG, False, ("--processes=each",)),
    Mode("nanomsg tcp", NANOMSG, False, ("--processes=each", "--within=tcp")),
    Mode("nanomsg ipc, by nng", NANOMSG, False, ("--processes=each",), {CHOICE: "nng"}),
    Mode("nanomsg, one process", NANOMSG, True),
    Mode("zenoh", NANOMSG, False, ("--processes=each", "--within=tcp"), program=zenoh.__name__),
    Mode("nodes alone", LOCAL, True),
)
"""The last one has no transport: what the nodes need themselves, whatever links them."""


@contextmanager
def started(
    mode: Mode, values: Mapping[str, str], folder: Path, domain: int
) -> Iterator[list[Process]]:
    """
    Run the robot while the context lasts.

    :param values: of the graph's arguments
    :param folder: for the log, the sockets, and a profile
    :yields: the processes that were started; they may have children
    :raises BenchError: if one ends by itself, or doesn't when told to
    """
    environment = {**mode.variables, registry.VARIABLE: str(folder), **on_domain(domain)}
    if environment.get(PROFILE) == "none":
        (folder / "none.xml").write_text(_NO_PROFILE, encoding="utf-8")
        environment[PROFILE] = str(folder / "none.xml")
    with running(_commands(mode, values), environment, folder / LOG) as processes:
        yield processes


def _commands(mode: Mode, values: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
    if mode.transport == ROS:
        return commands(COMPOSED if mode.composed else SEPARATE, values)
    given = [f"--{name.replace('_', '-')}={value}" for name, value in values.items()]
    up = [sys.executable, "-m", mode.program, "up", f"--transport={mode.transport}"]
    return {mode.name: [*up, *mode.options, *given]}
