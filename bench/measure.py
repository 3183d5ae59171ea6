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
    """

    def __init__(
        self,
        environments: Mapping[str, Environment],
        results: Results,
        threads: Sequence[int],
        report: Progress,
    ) -> None:
        self.environments = environments
        self.results = results
        self.threads = threads
        self.report = report

    def measure(self, network: str, image: Path, conversions: Conversions) -> None:
        """Measure a network in all engines that it could be converted for."""
        self._footprints(network, image, conversions)
        for threads in self.threads:
            self._latencies(network, image, conversions, threads)

    def _footprints(self, network: str, image: Path, conversions: Conversions) -> None:
        starts: dict[str, list[tuple[float, int]]] = {}
        failed: set[str] = set()
        for index in range(STARTS):
            self.report(f"starting {network}", index, STARTS)
            for engine in conversions:
                if engine in failed:
                    continue
                try:
                    environment = self.environments[engine]
                    with Worker(environment, conversions[engine], image, threads=1) as worker:
                        start = (worker.start_ms, worker.peak_rss)
                    starts.setdefault(engine, []).append(start)
                except BenchError as error:
                    self._fail(f"{network}: {error}")
                    failed.add(engine)
            if OURS in conversions and OURS not in failed:
                start = run_c_program(conversions[OURS] / "model.edge", image)
                starts.setdefault(C_PROGRAM, []).append(start)
        for engine, samples in starts.items():
            start_ms, peak_rss = (min(values) for values in zip(*samples, strict=True))
            name = OURS if engine == C_PROGRAM else engine
            size = installed_size(self.environments[name], conversions[name])
            footprint = Footprint(network, engine, start_ms, peak_rss, size)
            self.results.footprints.append(footprint)

    def _latencies(
        self, network: str, image: Path, conversions: Conversions, threads: int
    ) -> None:
        times: dict[str, list[float]] = {}
        outputs: dict[str, list[Array]] = {}
        with ExitStack() as stack:
            workers: dict[str, Worker] = {}
            for engine, conversion in conversions.items():
                try:
                    worker = Worker(self.environments[engine], conversion, image, threads)
                    workers[engine] = stack.enter_context(worker)
                    outputs[engine] = worker.outputs()
                except BenchError as error:
                    self._fail(f"{network}: {error}")
                    workers.pop(engine, None)
            for index in range(self.results.rounds):
                self.report(f"{network}, threads: {threads}", index, self.results.rounds)
                for engine, worker in list(workers.items()):
                    try:
                        measured = worker.measure(self.results.seconds)
                        times.setdefault(engine, []).extend(measured)
                    except BenchError as error:
                        self._fail(f"{network}: {error}")
                        del workers[engine]
        if REFERENCE not in workers:
            raise BenchError(f"{REFERENCE} gives no answer to compare with")
        for engine in workers:
            difference, same_first = compare(outputs[engine], outputs[REFERENCE])
            self.results.latencies.append(
                Latency(
                    network,
                    engine,
                    threads,
                    min(times[engine]),
                    statistics.median(times[engine]),
                    len(times[engine]),
                    difference,
                    same_first,
                    difference <= TOLERANCE,
                )
            )

    def _fail(self, sentence: str) -> None:
        if sentence not in self.results.failures:
            self.results.failures.append(sentence)


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
