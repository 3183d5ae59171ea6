"""Runs the benchmark of the robot: ``python -m bench.robot``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
import os
from pathlib import Path
import sys
import time

from bench.cache import BenchError
from bench.command import add_choice, run_alone
from bench.engines import ROOT
from bench.record import circumstances
from bench.robot import results
from bench.robot.processes import any_domain, BARE, check, memory, MODES, processor_times, robot
from bench.robot.results import percentiles, Turn
from bench.robot.watch import watcher
from bench.trained import bundle
from edge_compiler.terminal import note

PUBLISHED = ROOT / "bench" / "results" / "robot.json"
BUILD = ROOT / "build" / "bench"
START = 120.0
"""Seconds that the robot may take to its first decision."""
SETTLING = 3.0
"""Seconds after that before anything counts: the pose starts, discovery ends."""
START_OF_BARE = 5.0
"""Seconds that bare nodes may take until they know each other."""


def main() -> int:
    """Measure, show and keep."""
    parser = argparse.ArgumentParser(prog="python -m bench.robot", description=__doc__)
    add_choice(parser, "--modes", MODES)
    parser.add_argument("--turns", type=int, default=4, help="starts of each mode (%(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=16.0, help="measured in a turn (%(default)s)"
    )
    parser.add_argument("--model", help="a bundle; the demo's network if it is not given")
    parser.add_argument("--camera", default="pattern:640x480", help="(%(default)s)")
    parser.add_argument("--imu", default="simulated", help="(%(default)s, 200 Hz)")
    parser.add_argument("--wheels", default="simulated", help="(%(default)s, 50 Hz)")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="for the results, instead of bench/results"
    )
    options = parser.parse_args()
    whole = all(getattr(options, name) == parser.get_default(name) for name in vars(options))
    values = {
        "model": options.model or str(bundle()),
        "camera": options.camera,
        "imu": options.imu,
        "wheels": options.wheels,
    }
    logs = options.output.parent if options.output else BUILD
    logs.mkdir(parents=True, exist_ok=True)
    turns = []
    for index in range(options.turns):
        for mode in options.modes:
            note(f"turn {index + 1} of {options.turns}: {mode}")
            turns.append(_turn(mode, values, options.seconds, logs / f"robot-{mode}.log"))
    results.show(turns)
    path = options.output or (PUBLISHED if whole else BUILD / "robot.json")
    facts = {
        **circumstances(),
        "cores": len(os.sched_getaffinity(0)),
        "seconds": options.seconds,
        **{name: Path(value).name for name, value in values.items()},
    }
    results.write(path, facts, turns)
    note(f"written to {path}")
    return 0


def _bare_turn(values: Mapping[str, str], seconds: float, log: Path) -> Turn:
    """Start nodes without cores and the sources by themselves, measure, stop them."""
    with robot(BARE, values, any_domain(), log) as processes:
        time.sleep(START_OF_BARE)
        before = {process.name: processor_times(process) for process in processes}
        since = time.monotonic()
        time.sleep(seconds)
        measured = time.monotonic() - since
        after = {process.name: processor_times(process) for process in processes}
        check(processes, log)
        used = sum(memory(process) for process in processes)
    return Turn(BARE, (), (), (), 0.0, 0.0, used, _loads(before, after, measured))


def _turn(mode: str, values: Mapping[str, str], seconds: float, log: Path) -> Turn:
    """Start the robot, let it settle, measure, stop it."""
    if mode == BARE:
        return _bare_turn(values, seconds, log)
    domain = any_domain()
    with watcher(domain) as heard:
        begin = time.monotonic()
        with robot(mode, values, domain, log) as processes:
            decided = heard.first_decision(START)
            start = time.monotonic() - begin
            check(processes, log)
            if not decided:
                raise BenchError(f"no decision on an image within {START:g} s, see {log}")
            heard.listen(SETTLING)
            before = {process.name: processor_times(process) for process in processes}
            began, since = time.time_ns(), time.monotonic()
            heard.listen(seconds)
            measured = time.monotonic() - since
            after = {process.name: processor_times(process) for process in processes}
            used = sum(memory(process) for process in processes)
            check(processes, log)
    samples = heard.latencies(began)
    if not samples:
        raise BenchError(f"no decision on an image in {seconds:g} s, see {log}")
    return Turn(
        mode,
        percentiles(age for age, _ in samples),
        percentiles(age - run for age, run in samples),
        percentiles(run for _, run in samples),
        round(len(samples) / measured, 2),
        round(start, 3),
        used,
        _loads(before, after, measured),
    )


def _loads(
    before: Mapping[str, Mapping[str, float]],
    after: Mapping[str, Mapping[str, float]],
    seconds: float,
) -> dict[str, dict[str, float]]:
    """Return the load of each process by thread."""
    return {
        name: {
            thread: round(100 * (used - before[name].get(thread, 0.0)) / seconds, 2)
            for thread, used in times.items()
        }
        for name, times in after.items()
    }


if __name__ == "__main__":
    sys.exit(run_alone(main))
