"""
End the robot again and again, at random moments: ``python -m bench.ends --model X.edge``.

A try starts the robot in one of its forms, sends Ctrl-C or SIGTERM up to 5 seconds after the
first lines of its programs have run, and is clean if every process ends with exit code 0, soon,
without a complaint, and leaves none behind. Before its first line, while the interpreter loads, a
program can do nothing but die of a signal.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
import os
from pathlib import Path
import random
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

from edge_perception.robot import graph
from edge_perception.robot.plan import plan, StartRequest
from edge_perception.share import share_dir
from edge_perception.transport.ros.arguments import arguments_of

START = 60.0  # seconds until the first lines of the programs have run
PATIENCE = 15.0  # seconds until a process that does not end is taken to hang
FORMS = ("composed", "separate", "launch", "launch separate")
SIGNALS = (signal.SIGINT, signal.SIGTERM)
COMPLAINT = re.compile(
    r"Traceback|Timeout \(|error|exception|invalid|terminate called|process has died", re.I
)


LOST = "exit code 255"
"""Said by launch when asyncio finds that a signal's sender has already taken the exit code."""


@dataclass
class Try:
    """
    What was done, and what came of it.

    :ivar size: the number of the robot's processes.
    :ivar faults: what was not clean.
    """

    form: str
    number: signal.Signals
    moment: float
    size: int
    faults: list[str] = field(default_factory=list)
    took: float = 0.0

    def __str__(self) -> str:
        """Describe it in one line."""
        return f"{self.form}, {self.number.name} after {self.moment:.2f} s"


def commands(form: str, model: str, launch: Sequence[str]) -> list[list[str]]:
    """Return the commands that start the robot in one of its forms."""
    values = {
        "model": model,
        "camera": "pattern:64x48",
        "imu": "simulated",
        "wheels": "simulated",
    }
    python = [sys.executable, "-m"]
    if form == "composed":
        options = [f"--{name}={value}" for name, value in values.items()]
        return [[*python, "edge_perception.cli", "up", *options]]
    if form == "separate":
        return [
            [*python, f"edge_perception.nodes.{start.kind}", "--ros-args", *arguments_of(start)]
            for start in plan(graph.load(), StartRequest(values))
        ]
    file = str(share_dir() / "launch" / "robot.launch.py")
    given = [f"{name}:={value}" for name, value in values.items()]
    composed = "false" if form.endswith("separate") else "true"
    return [[*launch, "launch", file, *given, f"composed:={composed}"]]


def end_once(one: Try, programs: Sequence[Sequence[str]]) -> None:
    """Start the programs in a session of their own, end them, and note what is not clean."""
    with tempfile.TemporaryFile("w+") as output:
        processes = [
            subprocess.Popen(
                program,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            for program in programs
        ]
        groups = {process.pid for process in processes}
        begin = time.monotonic()
        while time.monotonic() < begin + START:
            started = [pid for pid, _ in members(groups)]
            robot = [pid for pid in started if "launch" not in one.form or pid not in groups]
            if len(robot) == one.size and all(map(listens, robot)):
                break
            time.sleep(0.01)
        else:
            one.faults.append("does not start")
        time.sleep(one.moment)
        begin = time.monotonic()
        for process in processes:
            if one.number == signal.SIGINT:  # as a terminal does
                os.killpg(process.pid, one.number)
            else:
                process.send_signal(one.number)
        for process in processes:
            try:
                code = process.wait(max(0.1, begin + PATIENCE - time.monotonic()))
            except subprocess.TimeoutExpired:
                one.faults.append("hangs")
            else:
                killed = (
                    "launch" in one.form and code == -one.number
                )  # it does not survive SIGTERM
                one.faults += [f"exit code {code}"] if code and not killed else []
        while (left := members(groups)) and time.monotonic() < begin + PATIENCE:
            time.sleep(0.05)
        one.took = time.monotonic() - begin
        if left:
            one.faults.append(f"left behind: {', '.join(name for _, name in left)}")
            for pid, _ in left:
                os.kill(pid, signal.SIGKILL)
        output.seek(0)
        said = [line.strip() for line in output if COMPLAINT.search(line)]
        one.faults += [line for line in said if LOST not in line][-3:]


def listens(process: int) -> bool:
    """Tell whether a process has a handler of its own for SIGTERM, which Python itself has not."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return True
    [caught] = re.findall(r"SigCgt:\s*(\w+)", status)
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def members(groups: Collection[int]) -> list[tuple[int, str]]:
    """Return ids and names of the processes of some groups that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            start, _, rest = stat.read_text().rpartition(")")
        except OSError:
            continue
        state, _, of = rest.split()[:3]
        if int(of) in groups and state != "Z":
            pid, _, name = start.partition(" (")
            found.append((int(pid), name))
    return found


def main() -> int:
    """Try, and report; the exit code tells whether all ended cleanly."""
    parser = argparse.ArgumentParser(prog="python -m bench.ends", description=__doc__)
    parser.add_argument("--model", required=True, help="a bundle")
    parser.add_argument("--tries", type=int, default=300)
    parser.add_argument("--forms", default="composed,separate", help=", ".join(FORMS))
    parser.add_argument("--last", type=float, default=5.0, metavar="S", help="latest moment")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ros2", default="ros2", help="the command, where it isn't on the path")
    options = parser.parse_args()
    os.environ.setdefault("ROS_DOMAIN_ID", "101")
    chance = random.Random(options.seed)
    forms = options.forms.split(",")
    nodes = len(commands("separate", options.model, ()))
    sizes = {form: nodes if "separate" in form else 1 for form in forms}
    sums: Counter[str] = Counter()
    slowest = 0.0
    for count in range(options.tries):
        one = Try(
            forms[count % len(forms)],
            SIGNALS[count // len(forms) % 2],
            chance.uniform(0, options.last),
            sizes[forms[count % len(forms)]],
        )
        end_once(one, commands(one.form, options.model, shlex.split(options.ros2)))
        sums["not clean" if one.faults else "clean"] += 1
        slowest = max(slowest, one.took)
        if one.faults:
            print(f"not clean: {one}: {'; '.join(one.faults)}", flush=True)
    print(f"{options.tries} tries: {dict(sums)}; the slowest took {slowest:.1f} s to end")
    return int(sums["not clean"] > 0)


if __name__ == "__main__":
    sys.exit(main())
