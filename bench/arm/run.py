"""The benchmark from unpacking the engines to the table, the file of results and the plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
import subprocess

import numpy as np

from bench import environments
from bench.arm import guest
from bench.arm.contenders import CONTENDERS
from bench.arm.kept import Kept
from bench.arm.results import Competitor, Count, Counted, Results
from bench.arm.subjects import Array, prepare, Subject
from bench.arm.table import show
from bench.cache import BenchError, cache_folder, digest, network_file
from bench.engines import ROOT
from bench.engines.tiers import FLOAT32, HALF, INT8
from bench.measure import compare, TOLERANCE
from bench.record import commit, now
from bench.results import write_results
from edge_compiler import targets
from edge_compiler.analysis import analyze
from edge_compiler.errors import CompileError
from edge_compiler.onnx_runtime.reference import Reference
from edge_compiler.progress import Progress
from edge_compiler.terminal import progress, say
from edge_compiler.zoo import fetch, MODELS
from edge_perception.runtime.manifest import Tensor

SEED = 5
TRAINED = {"squeezenet1.1 trained": "squeezenet1.1"}
"""Networks of ``edgec fetch``, by their name here."""
NETWORKS = (*TRAINED, "mobilenet_v2", "yolo_nano")
COMPETITORS = tuple(CONTENDERS)
SAMPLES = 4
"""That calibrate integers; what they are makes no difference to the instructions."""
ALLOWED = {FLOAT32: TOLERANCE, HALF: 0.03, INT8: 0.3}
"""Relative errors beyond which something else than rounding is wrong."""
PLOT_SECONDS = 120


@dataclass(frozen=True)
class Plan:
    """
    What to count.

    :ivar again: what was counted, too.
    """

    engines: Sequence[str] = COMPETITORS
    models: Sequence[str] = NETWORKS
    again: bool = False

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
        kept = Kept(ROOT / "build/bench/kept-arm", results.emulator, plan.again)
        for network in plan.models:
            count(network, ready, results, kept, report)
    show(results)
    missing = [
        f"{network} for {name}"
        for network in plan.models
        for name in plan.engines
        if CONTENDERS[name].target and not results.answers_rightly(network, name)
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
                subject.here.version,
                subject.processor.name,
                subject.precision,
                subject.package_bytes,
            )
        except (BenchError, CompileError) as error:
            results.failures.append(f"{name} is skipped, it can't be installed: {error}")
    return ready


def count(
    network: str,
    ready: Mapping[str, Subject],
    results: Results,
    kept: Kept,
    report: Progress,
) -> None:
    """Count the instructions of a network in each engine, and compare their answers."""
    name = TRAINED.get(network)
    path = fetch(MODELS[name], report) if name else network_file(network)
    analysis = analyze(path, {}, targets.get("host"))
    results.networks[network] = analysis.macs
    [(name, shape)] = analysis.inputs.items()
    random = np.random.default_rng(SEED)
    image = random.standard_normal(shape, np.float32)
    values = Reference(path, [Tensor(name, shape)], []).run({name: image})
    reference = [values[name] for name in sorted(values)]
    file = cache_folder() / f"image-{digest(path)}.npy"
    np.save(file, image)
    samples = cache_folder() / f"samples-{digest(path)}.npz"
    if not samples.is_file():
        arrays = {name: random.standard_normal((SAMPLES, *shape), np.float32)}
        np.savez(samples, allow_pickle=False, **arrays)
    for index, (engine, subject) in enumerate(ready.items()):
        try:
            report(f"{network}: converting for {engine}", index, len(ready))
            conversion = subject.convert(network, path, samples)
            report(f"{network}: counting {engine}", index, len(ready))
            run_it = partial(_count, subject, conversion, file, reference)
            counted, error = kept.count(subject, conversion, file, run_it)
        except (BenchError, CompileError) as problem:
            results.failures.append(f"{network} is skipped for {engine}: {problem}")
            continue
        most = ALLOWED[subject.precision]
        results.counts.append(Count(network, engine, error, error <= most, counted))


def _count(
    subject: Subject, conversion: Path, image: Path, reference: Sequence[Array]
) -> tuple[Counted, float]:
    """Return what was counted, and the error of the answer."""
    counted, outputs = subject.count(conversion, image)
    error, _ = compare(outputs, reference)
    return counted, error


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
