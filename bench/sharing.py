"""
What a heavy model costs an urgent one beside it: ``python -m bench.sharing``.

A detector runs 15 times a second, and a heavier network 5 times a second in another thread of the
same process, both on the same processors: the detector alone; both with threads of their own; both
on one executor, where the detector is more urgent. A run is late if it ends after the next one is
due.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
import os
from pathlib import Path
import sys
import threading
import time

import numpy as np

from bench import record
from bench.cache import BenchError, cache_folder, digest, network_file
from bench.command import run_alone
from bench.engines import edge, ROOT
from bench.networks import NETWORKS
from edge_compiler.files.atomic import new_folder
from edge_compiler.terminal import note, say_table
from edge_perception.runtime import Executor, load, LoadedModel

PUBLISHED = ROOT / "bench" / "results" / "sharing.json"
RATE, HEAVY_RATE = 15.0, 5.0  # runs a second
WARM_UP = 3  # runs that don't count
PERCENTILES = (50, 95, 99)
ALONE, OWN, SHARED = "the detector alone", "threads of their own", "one executor"


@dataclass(frozen=True)
class Timing:
    """When the runs of a model ended after they were due [ms], and what they are to keep to."""

    waits: Sequence[float]
    period: float

    def row(self) -> list[object]:
        """Return percentiles, and the share of runs that were late [%]."""
        late = np.mean(np.array(self.waits) > self.period)
        found = np.percentile(self.waits, PERCENTILES)
        return [*(round(float(value), 1) for value in found), round(100 * float(late), 1)]


def drive(run: Callable[[], object], rate: float, until: Callable[[], bool]) -> Timing:
    """Run a model at a rate; runs that are missed are left out."""
    waits: list[float] = []
    due = time.monotonic()
    while not until():
        time.sleep(max(0.0, due - time.monotonic()))
        run()
        now = time.monotonic()
        waits.append(1e3 * (now - due))
        due += max(1, int((now - due) * rate) + 1) / rate
    return Timing(waits[WARM_UP:], 1e3 / rate)


def side_by_side(urgent: LoadedModel, heavy: LoadedModel | None, seconds: float) -> list[Timing]:
    """Drive one model or both for so many seconds."""
    end = time.monotonic() + seconds

    def over() -> bool:
        return time.monotonic() >= end

    found: dict[str, Timing] = {}

    def beside(model: LoadedModel) -> None:
        found["heavy"] = drive(runner(model), HEAVY_RATE, over)

    thread = threading.Thread(target=beside, args=(heavy,)) if heavy is not None else None
    if thread is not None:
        thread.start()
    timings = [drive(runner(urgent), RATE, over)]
    if thread is not None:
        thread.join()
        timings.append(found["heavy"])
    return timings


def runner(model: LoadedModel) -> Callable[[], object]:
    """Return what runs a model on the same random tensors again and again."""
    random = np.random.default_rng(1)
    inputs = {
        tensor.name: random.normal(size=tensor.shape).astype(np.float32)
        for tensor in model.manifest.model.inputs
    }
    return lambda: model.run(inputs)


def measure(
    bundles: Sequence[Path], threads: int, processors: Sequence[int], seconds: float
) -> list[list[object]]:
    """Return a row for each model in each situation."""
    rows: list[list[object]] = []
    for situation in (ALONE, OWN, SHARED):
        note(f"{seconds:g} s: {situation}")
        with ExitStack() as stack:
            common = Executor(threads, processors)
            models = [
                stack.enter_context(
                    load(
                        bundle,
                        executor=common if situation == SHARED else Executor(threads, processors),
                        priority=priority,
                    )
                )
                for bundle, priority in zip(bundles, (1, 0), strict=True)
            ]
            heavy = None if situation == ALONE else models[1]
            for model, timing in zip(
                models, side_by_side(models[0], heavy, seconds), strict=False
            ):
                rows.append([situation, model.manifest.model.name, *timing.row()])
    return rows


def bundle_of(network: str) -> Path:
    """Return the bundle of a network, compiled if need be."""
    model = network_file(network)
    sources = [ROOT / "edge_compiler", ROOT / "edge_perception" / "runtime"]
    folder = cache_folder() / "sharing" / f"{network}-{digest(model, *sources)}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with new_folder(folder) as new:
            edge.convert(model, new)
    return folder / "model.edge"


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.sharing", description=__doc__)
    parser.add_argument("--detector", default="ssd_mobilenet_v1", choices=NETWORKS)
    parser.add_argument("--heavy", default="resnet50", choices=NETWORKS)
    parser.add_argument("--processors", type=int, default=2, help="so many of them (%(default)s)")
    parser.add_argument("--seconds", type=float, default=16.0, help="each (%(default)s)")
    options = parser.parse_args()
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < options.processors:
        raise BenchError(f"this process may use {len(usable)} processors; see --processors")
    chosen = usable[: options.processors]
    os.sched_setaffinity(0, chosen)  # of the calling threads, too
    bundles = [bundle_of(options.detector), bundle_of(options.heavy)]
    rows = measure(bundles, options.processors, chosen, options.seconds)
    titles = ["", "network", *(f"p{percent} [ms]" for percent in PERCENTILES), "late [%]"]
    say_table(titles, rows, f"from being due to the result, on {options.processors} processors")
    if all(getattr(options, name) == parser.get_default(name) for name in vars(options)):
        record.write(
            PUBLISHED,
            {
                **record.circumstances(),
                **vars(options),
                "rows": [dict(zip(["situation", *titles[1:]], row, strict=True)) for row in rows],
            },
        )
    return 0


if __name__ == "__main__":
    sys.exit(run_alone(main))
