"""
Runs one network in one engine, as a process in that engine's environment.

    python -m bench.worker convert MODULE MODEL FOLDER [OPTION...]
    python -m bench.worker run MODULE FOLDER IMAGE.npy THREADS OPTIONS-AS-JSON

``run`` writes a line of JSON when it has its first answer, and one for each line that it reads:
``{"seconds": 0.5}`` measures for so long, ``{"save": "outputs.npz"}`` writes the answer to a file,
``{"runs": 2, "begin": 8, "end": 9}`` marks the begin and end of each run with these numbers.
Imports little, since what it imports counts as the engine's memory and time to start.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
import ctypes
import importlib
import json
import os
from pathlib import Path
import signal
import sys
import time
from typing import Any

import numpy as np

WARM_UP = 2
"""Runs before measuring: the engines take turns, so that the caches hold another one's data."""
AT_LEAST = 3
"""Runs to measure, however long they take."""


def main() -> None:
    """Convert or run, as the arguments say."""
    die_with_parent()
    reply = keep_standard_output()
    command, module, *arguments = sys.argv[1:]
    engine = importlib.import_module(f"bench.engines.{module}")
    if command == "convert":
        model, destination, *further = arguments
        engine.convert(Path(model), Path(destination), *further)
        return
    folder, image, threads, options = arguments
    run = engine.load(Path(folder), np.load(image), threads=int(threads), **json.loads(options))
    outputs = run()
    reply({"peak_rss": peak_rss()})
    for line in sys.stdin:
        request = json.loads(line)
        if "save" in request:
            np.savez(request["save"], *outputs)
            reply({})
        elif "runs" in request:
            mark_runs(run, **request)
            reply({})
        else:
            reply({"milliseconds": measure(run, request["seconds"])})


def measure(run: Callable[[], object], seconds: float) -> list[float]:
    """Return how long each run took, for about so many seconds."""
    for _ in range(WARM_UP):
        run()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < AT_LEAST or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def mark_runs(run: Callable[[], object], begin: int, end: int, runs: int) -> None:
    """Run so many times between two system calls that who counts looks for."""
    for _ in range(WARM_UP):
        run()
    for _ in range(runs):
        mark(begin)
        run()
        mark(end)


def mark(process: int) -> None:
    """Ask for the priority of a process that does not exist."""
    with suppress(ProcessLookupError):
        os.getpriority(os.PRIO_PROCESS, process)


def peak_rss() -> int:
    """Return the most memory that this process had at a time, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status does not say VmHWM")


def keep_standard_output() -> Callable[[dict[str, Any]], None]:
    """Return a function that writes a line; what the engine prints goes to standard error."""
    stream = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return lambda message: print(json.dumps(message), file=stream)


def die_with_parent() -> None:
    """Let the kernel end this process when the one that started it ends, even if stopped."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


if __name__ == "__main__":
    main()
