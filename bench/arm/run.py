"""The benchmark from unpacking the engines to the table, the file of results and the plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
import subprocess

import numpy as np

from bench import environments
from bench.arm import guest
from bench.arm.results import Competitor, Count, Results
from bench.arm.subjects import LIBRARIES, prepare, Subject
from bench.arm.table import show
from bench.cache import BenchError, cache_folder, network_file
from bench.engines import ROOT
from bench.measure import compare, TOLERANCE
from bench.record import commit, now
from bench.results import write_results
from edge_compiler import targets
from edge_compiler.analysis import analyze
from edge_compiler.errors import CompileError
from edge_compiler.progress import Progress
from edge_compiler.reference import Reference
from edge_compiler.terminal import progress, say
from edge_compiler.zoo import fetch, MODELS
from edge_perception.runtime.manifest import Tensor

SEED = 5
TRAINED = {"squeezenet1.1 trained": "squeezenet1.1"}
"""Networks of ``edgec fetch``, by their name here."""
NETWORKS = (*TRAINED, "mobilenet_v2", "yolo_nano")
COMPETITORS = (*LIBRARIES, "ncnn", "mnn", "onnxruntime", "litert")
PLOT_SECONDS = 120


@dataclass(frozen=True)
class Plan:
    """What to count."""

    engines: Sequence[str] = COMPETITORS
    models: Sequence[str] = NETWORKS

    @property
    def complete(self) -> bool:
        """Everything is counted."""
        return {*self.engines, *self.models} >= {*COMPETITORS, *NETWORKS}


def run(plan: Plan) -> None:
    """
    Prepare, count, show, and keep the results.

    :raises BenchError: if something that we compile can't be counted, or answers wrongly.
    :raises CompileError: if the emulator is missing.
    """
    results = Results(
        emulator=first_line(guest.emulator()[0], "--version"),
        date=now(),
        commit=commit(),
    )
    with progress() as report:
        ready = install(plan.engines, results, report)
        for network in plan.models:
            count(network, ready, results, report)
    show(results)
    missing = [
        f"{network} for {name}"
        for network in plan.models
        for name in plan.engines
        if name in LIBRARIES and not results.answers_rightly(network, name)
    ]
    keep(results, plan.complete and not missing)
    if missing:
        raise BenchError(f"there is no right answer to {', '.join(missing)}")


def first_line(*command: str) -> str:
    """Return the first line that a command prints, in the root of the repository."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.partition("\n")[0]


def install(names: Sequence[str], results: Results, report: Progress) -> dict[str, Subject]:
    """Return the engines that could be installed, and note which could not."""
    ready = {}
    for index, name in enumerate(names):
        report(f"installing {name}", index, len(names))
        try:
            ready[name] = subject = prepare(name)
            results.engines[name] = Competitor(
                subject.here.version, subject.processor, subject.package_bytes
            )
        except (BenchError, CompileError) as error:
            results.failures.append(f"{name} is skipped, it can't be installed: {error}")
    return ready


def count(network: str, ready: Mapping[str, Subject], results: Results, report: Progress) -> None:
    """Count the instructions of a network in each engine, and compare their answers."""
    name = TRAINED.get(network)
    path = fetch(MODELS[name], report) if name else network_file(network)
    analysis = analyze(path, {}, targets.get("host"))
    results.networks[network] = analysis.macs
    [(name, shape)] = analysis.inputs.items()
    image = np.random.default_rng(SEED).standard_normal(shape, np.float32)
    values = Reference(path, [Tensor(name, shape)], []).run({name: image})
    reference = [values[name] for name in sorted(values)]
    file = cache_folder() / "image.npy"
    np.save(file, image)
    for index, (engine, subject) in enumerate(ready.items()):
        try:
            report(f"{network}: converting for {engine}", index, len(ready))
            conversion = subject.convert(network, path)
            report(f"{network}: counting {engine}", index, len(ready))
            counted, outputs = subject.count(conversion, file)
        except (BenchError, CompileError) as problem:
            results.failures.append(f"{network} is skipped for {engine}: {problem}")
            continue
        error, _ = compare(outputs, reference)
        results.counts.append(Count(network, engine, error, error <= TOLERANCE, counted))


def keep(results: Results, complete: bool) -> None:
    """Write the results and their plot; only complete ones take the place of published ones."""
    build = ROOT / "build" / "bench"
    file = (ROOT / "bench/results" if complete else build) / "arm-instruction-counts.json"
    plot = (ROOT / "docs" if complete else build) / "arm-instruction-counts.png"
    write_results(file, results)
    say()
    say(f"written to {file}")
    if results.counts:
        draw(file, plot)
        say(f"drawn in {plot}")


def draw(results: Path, plot: Path) -> None:
    """Draw results, in an environment with matplotlib."""
    python = environments.install("plot", "matplotlib")
    environments.run([python, "-m", "bench.arm.plot", results, plot], PLOT_SECONDS)
