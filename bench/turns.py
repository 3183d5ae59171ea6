"""Engines in several precisions that take turns with one network, and how well they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
import math
from pathlib import Path
import statistics
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.cache import BenchError
from bench.engines import REFERENCE
from bench.environments import Environment
from bench.process import Worker
from edge_compiler.progress import Progress

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Turn:
    """
    What was measured of an engine.

    :ivar sqnr_db: signal to noise of its answers, beside those of float32; of the worst output.
    :ivar same_first: the largest value of the last output is where float32 has it.
    """

    engine: str
    minimum_ms: float
    median_ms: float
    runs: int
    sqnr_db: float
    same_first: bool


@dataclass(frozen=True)
class Piece:
    """A network, measured with some threads in all engines."""

    network: str
    threads: int
    turns: Sequence[Turn]
    failures: Sequence[str]

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Piece:
        """Return a piece from what `asdict` made of it."""
        return cls(**{**kept, "turns": [Turn(**turn) for turn in kept["turns"]]})

    def turn(self, engine: str) -> Turn | None:
        """Return what was measured of an engine, if it was."""
        return next((turn for turn in self.turns if turn.engine == engine), None)


def take_turns(
    network: str,
    threads: int,
    engines: Mapping[str, tuple[Environment, Path]],
    image: Path,
    length: tuple[int, float],
    report: Progress,
) -> Piece:
    """
    Measure.

    :param engines: the environment of each, and what it loads.
    :param length: how many rounds, and how many seconds a turn takes.
    """
    failures: list[str] = []
    outputs: dict[str, list[Array]] = {}
    times: dict[str, list[float]] = {}
    rounds, seconds = length
    with ExitStack() as stack:
        workers: dict[str, Worker] = {}
        for name, (environment, conversion) in engines.items():
            report(f"{network}, threads: {threads}, loading {name}", len(workers), len(engines))
            try:
                worker = stack.enter_context(Worker(environment, conversion, image, threads))
                outputs[name] = worker.outputs()
                workers[name] = worker
            except BenchError as error:
                failures.append(f"{network}, {name}: {error}")
        for index in range(rounds):
            report(f"{network}, threads: {threads}", index, rounds)
            for name, worker in list(workers.items()):
                try:
                    times.setdefault(name, []).extend(worker.measure(seconds))
                except BenchError as error:
                    failures.append(f"{network}, {name}: {error}")
                    del workers[name]
    if REFERENCE not in workers:
        raise BenchError(f"{REFERENCE} gives no answer to compare with")
    turns = [
        Turn(
            name,
            min(times[name]),
            statistics.median(times[name]),
            len(times[name]),
            sqnr(outputs[name], outputs[REFERENCE]),
            bool(outputs[name][-1].argmax() == outputs[REFERENCE][-1].argmax()),
        )
        for name in workers
    ]
    return Piece(network, threads, turns, failures)


def sqnr(outputs: Sequence[Array], reference: Sequence[Array]) -> float:
    """Return the worst output's signal to noise in dB; those of other shapes have none at all."""
    if [output.shape for output in outputs] != [output.shape for output in reference]:
        return -math.inf
    worst = math.inf
    for output, expected in zip(outputs, reference, strict=True):
        noise = float(np.square(output.astype(np.float64) - expected).sum())
        signal = float(np.square(expected.astype(np.float64)).sum())
        if not math.isfinite(noise):
            return -math.inf
        worst = min(worst, 10 * math.log10(signal / noise) if noise else math.inf)
    return worst
