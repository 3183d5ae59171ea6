"""What a benchmark found, how it is kept in a file, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
import json
import math
from pathlib import Path
import tempfile
from typing import TYPE_CHECKING

from bench.engines import OURS
from bench.machine import Machine

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FORMAT = 1


@dataclass(frozen=True)
class Competitor:
    """
    An engine that was measured.

    :ivar float32: counts in comparisons.
    :ivar package_bytes: of its package, without what the package depends on.
    """

    version: str
    float32: bool
    package_bytes: int


@dataclass(frozen=True)
class NetworkSize:
    """
    How much work a network is.

    :ivar image: shape of its input.
    :ivar floor_ms: the least time of direct convolution, by number of threads.
    """

    image: Sequence[int]
    gflop: float
    weight_bytes: int
    floor_ms: Mapping[str, float]


@dataclass(frozen=True)
class Latency:
    """
    How long a network takes in an engine.

    :ivar error: largest difference from the reference's answer, relative to its largest value.
    :ivar same_first: the largest value of the last output is where the reference has it.
    :ivar correct: the error is as small as it must be in float32.
    """

    network: str
    engine: str
    threads: int
    minimum_ms: float
    median_ms: float
    runs: int
    error: float
    same_first: bool
    correct: bool


@dataclass(frozen=True)
class Footprint:
    """
    What a process needs that loads a network and runs it once, on one thread.

    :ivar installed_bytes: the engine's package and what it loads.
    """

    network: str
    engine: str
    start_ms: float
    peak_rss: int
    installed_bytes: int


@dataclass
class Results:
    """
    A whole benchmark.

    :ivar tuned: the networks were compiled with ``--tune``.
    :ivar failures: one sentence for whatever could not be measured.
    """

    machine: Machine
    date: str
    commit: str
    rounds: int
    seconds: float
    tuned: bool
    engines: dict[str, Competitor] = field(default_factory=dict)
    networks: dict[str, NetworkSize] = field(default_factory=dict)
    latencies: list[Latency] = field(default_factory=list)
    footprints: list[Footprint] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def latency(self, network: str, engine: str, threads: int) -> Latency | None:
        """Return what was measured of an engine, if it was."""
        key = (network, engine, threads)
        found = (x for x in self.latencies if (x.network, x.engine, x.threads) == key)
        return next(found, None)

    def answers_rightly(self, network: str, engine: str, threads: int) -> bool:
        """Tell whether an engine gave the reference's answer."""
        latency = self.latency(network, engine, threads)
        return latency is not None and latency.correct

    def footprint(self, network: str, engine: str) -> Footprint | None:
        """Return what was measured of an engine, if it was."""
        key = (network, engine)
        return next((x for x in self.footprints if (x.network, x.engine) == key), None)

    def ratio(self, network: str, threads: int, which: str) -> float | None:
        """
        Return how many times as long the best other float32 engine takes.

        :param which: ``minimum_ms`` or ``median_ms``.
        """
        ours = self.latency(network, OURS, threads)
        others: list[float] = [
            getattr(latency, which)
            for latency in self.latencies
            if (latency.network, latency.threads) == (network, threads)
            and latency.engine != OURS
            and latency.correct
            and self.engines[latency.engine].float32
        ]
        if ours is None or not ours.correct or not others:
            return None
        return min(others) / float(getattr(ours, which))

    def mean_ratio(self, threads: int, which: str) -> float | None:
        """Return the geometric mean of the ratios of all networks that have one."""
        ratios = [self.ratio(network, threads, which) for network in self.networks]
        logarithms = [math.log(ratio) for ratio in ratios if ratio is not None]
        return math.exp(sum(logarithms) / len(logarithms)) if logarithms else None

    @property
    def threads(self) -> Sequence[int]:
        """Numbers of threads that were measured."""
        return sorted({latency.threads for latency in self.latencies})


def write_results(path: Path, results: DataclassInstance) -> None:
    """Write the results; the file is either as it was or complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=path.parent) as folder:
        partial = Path(folder) / path.name
        content = {"format": FORMAT, **asdict(results)}
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        partial.rename(path)
