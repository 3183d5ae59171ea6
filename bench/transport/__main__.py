"""Runs the benchmark of transports: ``python -m bench.transport``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
import os
from pathlib import Path
from statistics import median
import sys
import tempfile
import time

from bench import environments
from bench.cache import BenchError
from bench.command import add_choice, positive, run_alone
from bench.engines import ROOT
from bench.record import circumstances, write
from bench.robot.processes import any_domain
from bench.robot.results import percentiles
from bench.trained import bundle
from bench.transport.footprint import installed, memory, processor_seconds, tree
from bench.transport.listeners import listener
from bench.transport.modes import Mode, MODES, started
from edge_compiler.terminal import note, say, say_table
from edge_compiler.units import Quantity

PLOT = ROOT / "docs" / "transport.png"
DRAWING = 120.0  # seconds
PUBLISHED = ROOT / "bench" / "results" / "transport.json"
START = 120.0  # seconds that the robot may take to its first decision
SETTLING = 3.0  # seconds after that before anything counts


@dataclass(frozen=True)
class Turn:
    """
    A start of the robot.

    :ivar image: from an image's stamp to its arrival outside [ms]: p50, p95, p99
    :ivar decision: from an image's stamp to the arrival of the decision on it [ms]: p50, p95, p99
    :ivar images: that came
    :ivar lost: images that were published and did not come
    :ivar start: from the start to the first decision on an image [s]
    :ivar memory: of all processes [bytes]; what they share counts once
    :ivar load: processor time [% of a core]
    """

    mode: str
    image: tuple[float, ...]
    decision: tuple[float, ...]
    images: int
    lost: int
    start: float
    memory: int
    load: float


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
    sizes = {"ROS 2": installed(True), "nanomsg": installed(False)}
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
        python = environments.install("plot", "matplotlib")
        environments.run([python, "-m", "bench.transport.plot", PUBLISHED, PLOT], DRAWING)
    return 0


def show(turns: Sequence[Turn], sizes: Mapping[str, int]) -> None:
    """Print the medians of the turns, a line for each mode."""
    rows: list[list[object]] = []
    for mode in MODES:
        own = [turn for turn in turns if turn.mode == mode.name]
        if own:
            rows.append(
                [
                    mode.name,
                    _quantity(median(turn.memory for turn in own) / 1e6, 0),
                    _quantity(median(turn.load for turn in own), 1),
                    *(_quantity(median(turn.image[index] for turn in own)) for index in range(3)),
                    *(_quantity(median(one.decision[index] for one in own)) for index in range(3)),
                    _share(own),
                    _quantity(median(turn.start for turn in own), 1),
                ]
            )
    titles = ["median of turns", "memory [MB]", "load [% of a core]"]
    titles += [f"image p{percent} [ms]" for percent in (50, 95, 99)]
    titles += [f"decision p{percent} [ms]" for percent in (50, 95, 99)]
    say()
    say_table([*titles, "images lost", "start [s]"], rows)
    for name, size in sizes.items():
        say(f"{name}: {size / 1e6:.0f} MB installed, with numpy and PyYAML")


def _share(turns: Sequence[Turn]) -> Quantity:
    """Return how many images were lost, of all."""
    lost = sum(turn.lost for turn in turns)
    return Quantity(f"{lost} of {lost + sum(turn.images for turn in turns)}")


def _turn(mode: Mode, values: Mapping[str, str], seconds: float) -> Turn:
    """Start the robot, let it settle, measure, stop it."""
    domain = any_domain()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with listener(mode, folder, domain) as heard:
            begun = time.monotonic()
            with started(mode, values, folder, domain) as processes:
                if not heard.wait(START):
                    log = (folder / "log").read_text(encoding="utf-8", errors="replace")
                    raise BenchError(f"{mode.name}: no decision in {START:g} s: {log[-500:]}")
                start = time.monotonic() - begun
                time.sleep(SETTLING)
                pids = tree(process.pid for process in processes)
                before, since, begin = processor_seconds(pids), time.monotonic(), time.time_ns()
                time.sleep(seconds)
                end, measured = time.time_ns(), time.monotonic() - since
                used = processor_seconds(pids) - before
                taken = memory(pids)
                time.sleep(1.0)  # what is on its way comes
        ages = heard.ages("image", begin, end)
        decided = heard.ages("decision", begin, end)
        if not ages or not decided:
            raise BenchError(f"{mode.name}: no images or decisions came in {seconds:g} s")
        return Turn(
            mode.name,
            percentiles(ages),
            percentiles(decided),
            len(ages),
            heard.lost(begin, end),
            round(start, 3),
            taken,
            round(100 * used / measured, 2),
        )


def _quantity(value: float, digits: int = 2) -> Quantity:
    return Quantity(f"{value:.{digits}f}")


if __name__ == "__main__":
    sys.exit(run_alone(main))
