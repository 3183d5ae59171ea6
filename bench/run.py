"""The benchmark from installing the engines to the table, the file of results and the plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench import environments
from bench.builder import Builder
from bench.cache import BenchError, cache_folder, network_file
from bench.engines import ENGINES, OURS, REFERENCE, ROOT
from bench.environments import Environment
from bench.kept import Kept
from bench.measure import Bench
from bench.networks import NETWORKS
from bench.record import commit, now
from bench.results import Competitor, NetworkSize, Results, write_results
from bench.table import show
from edge_compiler import targets
from edge_compiler.analysis import analyze
from edge_compiler.progress import Progress
from edge_compiler.terminal import note, progress, say

SEED = 5
THREADS = (1, 2)
PLOT_SECONDS = 120


@dataclass(frozen=True)
class Plan:
    """
    What to measure.

    :ivar rounds: turns of each engine with each network and number of threads.
    :ivar seconds: that a turn takes, about.
    :ivar upgrade: install the engines' current releases first.
    :ivar tune: compile with ``edgec compile --tune``.
    :ivar prepare: install and convert, but measure nothing.
    :ivar again: measure what earlier runs have measured, too.
    """

    engines: Sequence[str]
    models: Sequence[str]
    threads: Sequence[int]
    rounds: int = 12
    seconds: float = 0.25
    upgrade: bool = False
    tune: bool = False
    prepare: bool = False
    again: bool = False

    @property
    def complete(self) -> bool:
        """Everything is measured, for as long as by default at least."""
        everything = (*ENGINES, *NETWORKS, *THREADS)
        long = self.rounds >= Plan.rounds and self.seconds >= Plan.seconds
        return long and {*self.engines, *self.models, *self.threads} >= {*everything}


def run(plan: Plan) -> None:
    """
    Prepare, measure, show, and keep the results.

    :raises BenchError: if there is nothing to compare with, or edge_perception does not answer
        as it must.
    """
    failures: list[str] = []
    with progress() as report:
        ready = install(plan, failures, report)
        if REFERENCE not in ready:
            raise BenchError(failures[-1])
        conversions = {name: convert(name, ready, failures, report) for name in plan.models}
        if not plan.prepare:
            kept = Kept(ROOT / "build" / "bench" / "kept", plan.again)
            report("measuring the machine", 0, 0)
            results = start_results(plan, ready, failures, kept)
            measure(plan, results, ready, conversions, kept, report)
    if plan.prepare:
        for failure in failures:
            note(failure, style="yellow")
        return
    show(results)
    keep(results, plan.complete)
    missing = [
        f"{network} with {threads} threads"
        for network in plan.models
        for threads in plan.threads
        if OURS in plan.engines and not results.answers_rightly(network, OURS, threads)
    ]
    if missing:
        raise BenchError(f"{OURS} has no right answer for {', '.join(missing)}")


def install(plan: Plan, failures: list[str], report: Progress) -> dict[str, Environment]:
    """Return the engines that could be installed, and note which could not."""
    # the others' answers are compared with the reference's
    names = [name for name in ENGINES if name in {*plan.engines, REFERENCE}]
    ready = {}
    upgraded: set[str] = set()
    for index, name in enumerate(names):
        report(f"installing {name}", index, len(names))
        engine = ENGINES[name]
        if plan.tune and name == OURS:
            engine = replace(engine, convert_options=("--tune",))
        try:
            upgrade = plan.upgrade and engine.module not in upgraded
            ready[name] = environments.prepare(engine, upgrade=upgrade)
            upgraded.add(engine.module)
        except BenchError as error:
            failures.append(f"{name} is skipped, it can't be installed: {error}")
    return ready


def convert(
    network: str, ready: Mapping[str, Environment], failures: list[str], report: Progress
) -> dict[str, Path]:
    """Return what each engine loads, and note which can't have the network."""
    conversions = {}
    model = network_file(network)
    for index, (name, environment) in enumerate(ready.items()):
        report(f"converting {network} for {name}", index, len(ready))
        try:
            conversions[name] = environments.convert(environment, network, model)
        except BenchError as error:
            failures.append(f"{network} is skipped for {name}, its converter failed: {error}")
    return conversions


def start_results(
    plan: Plan, ready: Mapping[str, Environment], failures: list[str], kept: Kept
) -> Results:
    """Describe the machine, the engines and the networks."""
    machines = [kept.machine(threads) for threads in plan.threads]
    ceilings = {count: value for each in machines for count, value in each.ceilings.items()}
    machine = replace(machines[0], ceilings=ceilings)
    results = Results(
        machine, now(), commit(), plan.rounds, plan.seconds, plan.tune, failures=failures
    )
    for name, environment in ready.items():
        results.engines[name] = Competitor(
            environment.version, environment.engine.float32, environment.size
        )
    for network in plan.models:
        analysis = analyze(network_file(network), {}, targets.get("host"))
        operations, weights = 2 * analysis.macs, analysis.weight_bytes
        floors = {
            str(threads): machine.floor_ms(operations, weights, threads)
            for threads in plan.threads
        }
        shape = analysis.inputs[Builder.image]
        results.networks[network] = NetworkSize(shape, operations / 1e9, weights, floors)
    return results


def measure(
    plan: Plan,
    results: Results,
    ready: Mapping[str, Environment],
    conversions: Mapping[str, Mapping[str, Path]],
    kept: Kept,
    report: Progress,
) -> None:
    """Measure each network in all engines."""
    image = cache_folder() / "image.npy"
    for network, converted in conversions.items():
        shape = results.networks[network].image
        np.save(image, np.random.default_rng(SEED).standard_normal(shape, np.float32))
        try:
            Bench(ready, results, plan.threads, kept, report).measure(network, image, converted)
        except BenchError as error:
            results.failures.append(f"{network}: {error}")


def keep(results: Results, complete: bool) -> None:
    """
    Write the results, a file a processor, and the plot of all of them.

    Only complete ones take the place of published ones; others are drawn alone.
    """
    folder = ROOT / "bench/results" if complete else ROOT / "build" / "bench"
    file = folder / f"float32-{results.machine.name}.json"
    plot = (ROOT / "docs" if complete else folder) / "benchmark.png"
    write_results(file, results)
    say()
    say(f"written to {file}")
    if any(results.mean_ratio(threads, "minimum_ms") for threads in results.threads):
        draw(sorted(folder.glob("float32-*.json")) if complete else [file], plot)
        say(f"drawn in {plot}")


def draw(results: Sequence[Path], plot: Path) -> None:
    """Draw files of results, in an environment with matplotlib."""
    python = environments.install("plot", "matplotlib")
    environments.run([python, "-m", "bench.plot", *results, plot], PLOT_SECONDS)
