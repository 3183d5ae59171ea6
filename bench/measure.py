"""Measures networks in engines that take turns, so that a busy moment hits all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
import math
from pathlib import Path
import statistics
import time

import numpy as np
from numpy.typing import NDArray

from bench.cache import BenchError
from bench.engines import OURS, REFERENCE
from bench.environments import Environment, installed_size
from bench.kept import Kept, Series
from bench.machine import build_program, run_program
from bench.process import Worker
from bench.results import Footprint, Latency, Results
from edge_compiler.progress import Progress
from edge_perception.runtime import read_manifest

Array = NDArray[np.float32]
Conversions = Mapping[str, Path]
"""What an engine loads, by the engine's name."""

C_PROGRAM = f"{OURS} (C program)"
STARTS = 3
TOLERANCE = 1e-3
"""Of answers in float32: some engines approximate the exponential function to 1e-4."""


class Bench:
    """
    Measures one network after another.

    :param environments: engines by name, the reference among them.
    :param kept: what earlier runs have measured.
    """

    def __init__(
        self,
        environments: Mapping[str, Environment],
        results: Results,
        threads: Sequence[int],
        kept: Kept,
        report: Progress,
    ) -> None:
        self.environments = environments
        self.results = results
        self.threads = threads
        self.kept = kept
        self.report = report

    def measure(self, network: str, image: Path, conversions: Conversions) -> None:
        """Measure a network in all engines that it could be converted for."""
        self._footprints(network, image, conversions)
        for threads in self.threads:
            self._latencies(network, image, conversions, threads)

    def _footprints(self, network: str, image: Path, conversions: Conversions) -> None:
        series = self.kept.series(network, "start", conversions)
        failed: set[str] = set()
        while series.rounds < STARTS:
            self.report(f"starting {network}", series.rounds, STARTS)
            for engine in conversions:
                if engine in failed:
                    continue
                try:
                    environment = self.environments[engine]
                    with Worker(environment, conversions[engine], image, threads=1) as worker:
                        start = (worker.start_ms, worker.peak_rss)
                    series.starts.setdefault(engine, []).append(start)
                except BenchError as error:
                    series.fail(f"{network}: {error}")
                    failed.add(engine)
            if OURS in conversions and OURS not in failed:
                start = run_c_program(conversions[OURS] / "model.edge", image)
                series.starts.setdefault(C_PROGRAM, []).append(start)
            series.end_round()
        self._note(series)
        for engine, samples in series.starts.items():
            start_ms, peak_rss = (min(values) for values in zip(*samples, strict=True))
            name = OURS if engine == C_PROGRAM else engine
            size = installed_size(self.environments[name], conversions[name])
            footprint = Footprint(network, engine, start_ms, peak_rss, size)
            self.results.footprints.append(footprint)

    def _latencies(
        self, network: str, image: Path, conversions: Conversions, threads: int
    ) -> None:
        series = self.kept.series(network, str(threads), conversions, self.results.seconds)
        if series.rounds < self.results.rounds:
            with ExitStack() as stack:
                workers = self._load(series, stack, network, image, conversions, threads)
                while series.rounds < self.results.rounds:
                    done = series.rounds
                    self.report(f"{network}, threads: {threads}", done, self.results.rounds)
                    self._take_turns(series, network, workers)
        self._note(series)
        if REFERENCE not in series.answers:
            raise BenchError(f"{REFERENCE} gives no answer to compare with")
        for engine, (difference, same_first) in series.answers.items():
            times = series.times[engine]
            self.results.latencies.append(
                Latency(
                    network,
                    engine,
                    threads,
                    min(times),
                    statistics.median(times),
                    len(times),
                    difference,
                    same_first,
                    difference <= TOLERANCE,
                )
            )

    def _load(
        self,
        series: Series,
        stack: ExitStack,
        network: str,
        image: Path,
        conversions: Conversions,
        threads: int,
    ) -> dict[str, Worker]:
        """Return a process for each engine, whose answer is compared with the reference's."""
        workers: dict[str, Worker] = {}
        outputs: dict[str, list[Array]] = {}
        for engine, conversion in conversions.items():
            self.report(f"{network}, threads: {threads}, loading {engine}", 0, 0)
            try:
                worker = Worker(self.environments[engine], conversion, image, threads)
                stack.enter_context(worker)
                outputs[engine] = worker.outputs()
                workers[engine] = worker
            except BenchError as error:
                series.fail(f"{network}: {error}")
        if REFERENCE not in workers:
            raise BenchError(f"{REFERENCE} gives no answer to compare with")
        for engine in workers:
            series.answers[engine] = compare(outputs[engine], outputs[REFERENCE])
        return workers

    def _take_turns(self, series: Series, network: str, workers: dict[str, Worker]) -> None:
        """Measure a round; who fails takes no further turn, and has no result."""
        for engine, worker in list(workers.items()):
            try:
                measured = worker.measure(self.results.seconds)
                series.times.setdefault(engine, []).extend(measured)
            except BenchError as error:
                series.fail(f"{network}: {error}")
                del workers[engine], series.answers[engine]
        series.end_round()

    def _note(self, series: Series) -> None:
        self.results.failures.extend(
            sentence for sentence in series.failures if sentence not in self.results.failures
        )


def compare(outputs: Sequence[Array], reference: Sequence[Array]) -> tuple[float, bool]:
    """
    Compare answers with the reference's.

    :returns: the largest difference relative to the output's largest value, and whether the
        largest value of the last output is at the same place.
    """
    if [output.shape for output in outputs] != [output.shape for output in reference]:
        return float("inf"), False
    errors = [
        float(np.abs(output - expected).max() / np.abs(expected).max())
        for output, expected in zip(outputs, reference, strict=True)
    ]
    error = max(errors) if np.isfinite(errors).all() else float("inf")
    return error, bool(outputs[-1].argmax() == reference[-1].argmax())


def run_c_program(bundle: Path, image: Path) -> tuple[float, int]:
    """
    Start a C program that runs a compiled model once.

    :returns: milliseconds from its start to its end, and the most memory that it had, in bytes.
    :raises BenchError: if it fails.
    """
    program = build_program("first", "-O2")
    raw = image.with_suffix(".raw")
    raw.write_bytes(np.load(image).tobytes())
    manifest = read_manifest(bundle, check=False)
    elements = [str(math.prod(tensor.shape)) for tensor in manifest.model.outputs]
    start = time.perf_counter()
    printed = run_program(program, str(bundle / manifest.library), "1", str(raw), *elements)
    milliseconds = (time.perf_counter() - start) * 1e3
    return milliseconds, int(printed) * 1024
