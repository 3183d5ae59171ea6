"""Starts the robot as users do, and reads from /proc what its processes need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import time

from bench.cache import BenchError
from bench.robot.bare import NODES, SOURCES
from edge_perception.robot import graph
from edge_perception.robot.plan import plan, StartRequest
from edge_perception.transport.ros.arguments import arguments_of

COMPOSED, SEPARATE, BARE = "composed", "separate", "bare"
MODES = (COMPOSED, SEPARATE, BARE)
PATIENCE = 60.0
"""Seconds that a process may take to end."""
_DOMAINS = range(101, 211)
"""ROS domains that neither the demo nor usual robots use."""
_MIDDLEWARE = re.compile(r"dds\.|.*\b(Recv|EventThread)")


@dataclass(frozen=True)
class Process:
    """A process of the robot, and the node that it runs; all of them if it is composed."""

    name: str
    running: subprocess.Popen[bytes]

    @property
    def folder(self) -> Path:
        """What the kernel tells of it."""
        return Path("/proc", str(self.running.pid))


@contextmanager
def robot(mode: str, values: Mapping[str, str], domain: int, log: Path) -> Iterator[list[Process]]:
    """
    Run the robot of config/robot.yaml.

    :param mode: one of MODES
    :param values: of the graph's arguments
    :param log: what the processes print
    :raises BenchError: if a process ended before it was told to, or fails to end
    """
    with running(commands(mode, values), on_domain(domain), log) as processes:
        yield processes


@contextmanager
def running(
    commands: Mapping[str, Sequence[str]], environment: Mapping[str, str], log: Path
) -> Iterator[list[Process]]:
    """
    Run processes.

    :param commands: by the name of the process
    :param environment: beyond this one's
    :param log: what they print
    :raises BenchError: if one ended before it was told to, or fails to end
    """
    processes: list[Process] = []
    with log.open("wb") as out:
        try:
            for name, command in commands.items():
                started = subprocess.Popen(
                    command,
                    env=os.environ | dict(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                )
                processes.append(Process(name, started))
            yield processes
            check(processes, log)
        finally:
            for process in processes:
                process.running.send_signal(signal.SIGINT)
            _wait(processes, log)


def on_domain(number: int) -> dict[str, str]:
    """Return the environment variables of a ROS domain of this machine alone."""
    return {"ROS_DOMAIN_ID": str(number), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}


def any_domain() -> int:
    """Return a ROS domain, most likely another one each time."""
    return _DOMAINS[(os.getpid() + time.monotonic_ns()) % len(_DOMAINS)]


def commands(mode: str, values: Mapping[str, str]) -> dict[str, list[str]]:
    """
    Return the command of each process, by name.

    BARE are nodes that pass on as many messages and work out nothing, and the sources alone.
    """
    if mode == BARE:
        bare = [sys.executable, "-m", "bench.robot.bare"]
        return {
            **{name: [*bare, "node", name] for name in NODES},
            **{f"source of {name}": [*bare, "source", name, values[name]] for name in SOURCES},
        }
    if mode == COMPOSED:
        options = [f"--{name.replace('_', '-')}={value}" for name, value in values.items()]
        return {"robot": [sys.executable, "-m", "edge_perception.cli", "up", *options]}
    return {
        start.name: [
            *(sys.executable, "-m", f"edge_perception.nodes.{start.kind}"),
            *("--ros-args", *arguments_of(start)),
        ]
        for start in plan(graph.load(), StartRequest(values))
    }


def check(processes: Sequence[Process], log: Path) -> None:
    """
    See that all processes are there.

    :raises BenchError: if one has ended
    """
    for process in processes:
        if process.running.poll() is not None:
            raise BenchError(f"{process.name} has ended:{end_of(log)}")


def _wait(processes: Sequence[Process], log: Path) -> None:
    """End with all processes gone, whatever they do."""
    hanging = []
    for process in processes:
        try:
            process.running.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.running.kill()
            process.running.wait()
            hanging.append(process.name)
    if hanging:
        raise BenchError(f"{' and '.join(hanging)} did not end on Ctrl-C:{end_of(log)}")


def end_of(log: Path) -> str:
    """Return what was printed last, each line indented below the one that it is put behind."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "".join(f"\n  {line}" for line in lines[-5:])


def memory(process: Process) -> int:
    """Return the bytes of memory of a process; what it shares with others counts in part (PSS)."""
    text = (process.folder / "smaps_rollup").read_text()
    return int(text.split("Pss:")[1].split()[0]) * 1024


def processor_times(process: Process) -> dict[str, float]:
    """
    Return the processor seconds that the threads of a process have used, by what they are.

    A thread of a node has the node's name; "middleware" are those of Fast DDS.
    """
    times: dict[str, float] = {}
    for task in (process.folder / "task").iterdir():
        try:
            name = (task / "comm").read_text().strip()
            used = int((task / "schedstat").read_text().split()[0]) / 1e9
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
        name = "middleware" if _MIDDLEWARE.match(name) else name
        times[name] = times.get(name, 0.0) + used
    return times
