"""Runs the benchmark of transports: ``python -m bench.transport``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
import os
from pathlib import Path
import sys
import tempfile
import time

from bench import environments
from bench.cache import BenchError
from bench.command import add_choice, positive, run_alone
from bench.engines import ROOT
from bench.record import circumstances, write
from bench.robot.processes import any_domain, check, end_of
from bench.robot.results import percentiles
from bench.trained import bundle
from bench.transport.footprint import installed, LEAN, memory, processor_seconds, ROS, tree
from bench.transport.listeners import listener
from bench.transport.modes import LOG, Mode, MODES, started
from bench.transport.results import PAGE, PLOT, show, Turn, write_page
from edge_compiler.terminal import note

DRAWING = 120.0  # seconds
PUBLISHED = ROOT / "bench" / "results" / "transport.json"
LOOK = 0.5  # seconds between two looks at whether it still runs
START = 120.0  # seconds that the robot may take to its first decision
START_OF_NODES = 5.0  # seconds that it has where nobody hears that it decides
SETTLING = 3.0  # seconds after that before anything counts


def main() -> int:
    """Measure, show and keep."""
    names = [mode.name for mode in MODES]
    parser = argparse.ArgumentParser(prog="python -m bench.transport", description=__doc__)
    add_choice(parser, "--modes", [name.replace(", ", ":") for name in names])
    parser.add_argument("--turns", type=positive, default=3, help="starts of each (%(default)s)")
    parser.add_argument("--seconds", type=float, default=16.0, help="of a turn (%(default)s)")
    parser.add_argument("--model", help="a bundle; the demo's network if it is not given")
    parser.add_argument("--output", type=Path, default=PUBLISHED, metavar="FILE")
    options = parser.parse_args()
    values = {
        "model": str(Path(options.model or bundle()).resolve()),
        "camera": "pattern:640x480",
        "imu": "simulated",
        "wheels": "simulated",
    }
    chosen = [mode for mode in MODES if mode.name.replace(", ", ":") in options.modes]
    turns = []
    for index in range(options.turns):
        for mode in chosen:
            note(f"turn {index + 1} of {options.turns}: {mode.name}")
            turns.append(_turn(mode, values, options.seconds))
    sizes = {"ROS 2": installed((*LEAN, *ROS)), "nanomsg": installed(LEAN)}
    show(turns, sizes)
    facts = {
        **circumstances(),
        "cores": len(os.sched_getaffinity(0)),
        "load average": os.getloadavg()[2],  # of a quarter of an hour: what else ran meanwhile
        "seconds": options.seconds,
        "model": Path(values["model"]).name,
        "installed": sizes,
    }
    write(options.output, {**facts, "turns": [asdict(turn) for turn in turns]})
    note(f"written to {options.output}")
    if options.output == PUBLISHED:
        write_page(PAGE, facts, turns)
        python = environments.install("plot", "matplotlib")
        environments.run([python, "-m", "bench.transport.plot", PUBLISHED, PLOT], DRAWING)
    return 0


def _turn(mode: Mode, values: Mapping[str, str], seconds: float) -> Turn:
    """Start the robot, let it settle, measure, stop it."""
    domain = any_domain()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with listener(mode, folder, domain) as heard:
            begun = time.monotonic()
            with started(mode, values, folder, domain) as processes:
                if heard is None:
                    time.sleep(START_OF_NODES)
                while heard and not heard.wait(LOOK):
                    check(processes, folder / LOG)
                    if time.monotonic() - begun > START:
                        said = end_of(folder / LOG)
                        raise BenchError(f"{mode.name}: no decision in {START:g} s:{said}")
                start = heard.first - begun if heard else 0.0
                time.sleep(SETTLING)
                pids = tree(process.running.pid for process in processes)
                before, since, begin = processor_seconds(pids), time.monotonic(), time.time_ns()
                time.sleep(seconds)
                end, measured = time.time_ns(), time.monotonic() - since
                used = processor_seconds(pids) - before
                taken = memory(pids)
                time.sleep(1.0)  # what is on its way comes
    load = round(100 * used / measured, 2)
    if heard is None:
        return Turn(mode.name, taken, load)
    ages, decided = heard.ages("image", begin, end), heard.ages("decision", begin, end)
    if not ages or not decided:
        raise BenchError(f"{mode.name}: no images or decisions came in {seconds:g} s")
    return Turn(
        mode.name,
        taken,
        load,
        percentiles(ages),
        percentiles(decided),
        len(ages),
        heard.lost(begin, end),
        round(start, 3),
    )


if __name__ == "__main__":
    sys.exit(run_alone(main))
