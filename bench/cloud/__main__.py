"""Runs the benchmark of local and cloud: ``python -m bench.cloud``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import os
import sys
from typing import Any

from bench.cache import BenchError
from bench.cloud import page, serve
from bench.command import add_choice, positive, run_alone
from bench.engines import ROOT
from bench.record import circumstances, write
from bench.trained import bundle
from edge_compiler.terminal import note
from edge_perception.cloud import plot, results
from edge_perception.cloud.compare import compare, Run, server, try_once, Wanted
from edge_perception.cloud.profiles import BY_NAME, PROFILES
from edge_perception.cloud.record import Mode
from edge_perception.demo import prepare
from edge_perception.robot.plan import RequestError

PUBLISHED = ROOT / "bench" / "results" / "cloud.json"
BUILD = ROOT / "build" / "bench"
DEADLINE, RATE, SEED = 0.08, 10.0, 1


def main() -> int:
    """Measure, show and keep; fail if a robot that has its own model is late or silent."""
    parser = argparse.ArgumentParser(prog="python -m bench.cloud", description=__doc__)
    add_choice(parser, "--profiles", [one.name for one in PROFILES])
    parser.add_argument("--frames", type=positive, default=100, help="of a run (%(default)s)")
    options = parser.parse_args()
    whole = all(getattr(options, name) == parser.get_default(name) for name in vars(options))
    model, python = bundle(), serve.install()
    try:
        source = prepare.fetch(prepare.MODEL)
    except prepare.DemoError as error:
        raise BenchError(str(error)) from error
    with serve.serving(python, source) as url:
        asked = server(url, serve.NAME, DEADLINE, None, None)
        profiles = [BY_NAME[name] for name in options.profiles]
        wanted = Wanted(
            model, asked, profiles, "pattern:640x480", options.frames, RATE, None, SEED
        )
        runs = _measure(wanted)
    results.show(runs)
    facts: dict[str, Any] = {
        **circumstances(),
        "cores": len(os.sched_getaffinity(0)),
        "load average": os.getloadavg()[1],  # of five minutes, which it takes: what else ran
        "real time": os.sched_getscheduler(0) in (os.SCHED_RR, os.SCHED_FIFO),
        "packages": serve.PACKAGES,
    }
    path = PUBLISHED if whole else BUILD / "cloud.json"
    write(path, {**facts, **results.as_json(wanted, runs)})
    note(f"written to {path}")
    if whole:
        page.write(facts, wanted, runs)
        plot.draw(runs, page.PLOT, page.caption(facts, wanted))
    return _judge(runs)


def _measure(wanted: Wanted) -> list[Run]:
    runs, before = [], ""

    def say(what: str, done: int, of: int) -> None:
        if not done:
            note(f"{what}: {of / wanted.rate:.0f} s")

    try:
        try_once(wanted.model, wanted.server)
        for run in compare(wanted, say):
            runs.append(run)
    except RequestError as error:
        raise BenchError(f"{before}{error}") from error
    return runs


def _judge(runs: Sequence[Run]) -> int:
    """Return the exit code: who has a model of his own decides soon, or is safe, in all."""
    late = [run for run in runs if run.mode is not Mode.REMOTE and not run.figures.keeps]
    for run in late:
        note(f"{run.network}, {run.mode.value}: late or silent", style="red")
    return int(bool(late))


if __name__ == "__main__":
    sys.exit(run_alone(main))
