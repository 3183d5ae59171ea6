"""
Compares this checkout with an earlier commit: ``python -m bench.revisions COMMIT``.

Both compile the networks and run them with their own loader, in turns of a fraction of a second,
so that a busy moment of the machine hits both.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
import io
import math
from pathlib import Path
import statistics
import subprocess
import sys
import tarfile

import numpy as np

from bench import environments
from bench.cache import BenchError, cache_folder, digest, network_file
from bench.command import add_choice, counts, positive, run_alone
from bench.engines import ENGINES, OURS, ROOT
from bench.environments import Environment
from bench.networks import NETWORKS
from bench.process import Worker
from bench.run import SEED, THREADS
from edge_compiler import targets
from edge_compiler.analysis import analyze
from edge_compiler.files.atomic import new_folder
from edge_compiler.progress import Progress
from edge_compiler.terminal import progress, say, say_table
from edge_compiler.units import Quantity

STARTS = 5
NOW = "now"


@dataclass(frozen=True)
class Revision:
    """The sources of a commit, and where what it compiles is kept."""

    name: str
    root: Path
    cache: Path

    def compile(self, network: str) -> Path:
        """
        Return the folder with the network's bundle, compiled if need be.

        :raises BenchError: if that fails.
        """
        model = network_file(network)
        sources = [self.root / "edge_compiler", self.root / "edge_perception" / "runtime"]
        folder = self.cache / f"{network}-{digest(model, *sources)}"
        if not folder.is_dir():
            self.cache.mkdir(parents=True, exist_ok=True)
            with new_folder(folder) as new:
                command: list[Path | str] = [
                    sys.executable,
                    "-m",
                    "bench.worker",
                    "convert",
                    "edge",
                    model,
                    new,
                ]
                environments.run(command, environments.CONVERT_SECONDS, self.root)
        return folder


def revision_of(commit: str) -> Revision:
    """
    Return the sources of a commit, written to the cache if need be.

    :raises BenchError: if there is no such commit.
    """
    git = ["git", "-C", str(ROOT)]
    found = subprocess.run(
        [*git, "rev-parse", "--verify", "--short", f"{commit}^{{commit}}"],
        capture_output=True,
        text=True,
    )
    if found.returncode:
        raise BenchError(f"{commit!r} is no commit of {ROOT}: {found.stderr.strip()}")
    name = found.stdout.strip()
    cache = cache_folder() / "revisions" / name
    root = cache / "sources"
    if not root.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run([*git, "archive", name], capture_output=True, check=True).stdout
        with new_folder(root) as new, tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(new, filter="data")
    return Revision(name, root, cache)


@dataclass(frozen=True)
class Figure:
    """One quantity of both revisions; less is better."""

    before: float
    now: float

    @property
    def ratio(self) -> float:
        """How many times as much it is now."""
        return self.now / self.before


Figures = Mapping[str, Figure]
"""By what they are figures of."""


class Comparison:
    """
    Measures networks in two revisions that take turns.

    :ivar revisions: the earlier one first.
    """

    def __init__(
        self, revisions: Sequence[Revision], rounds: int, seconds: float, report: Progress
    ) -> None:
        self.revisions = revisions
        self.rounds = rounds
        self.seconds = seconds
        self.report = report
        self.image = cache_folder() / "image.npy"
        self.environment = Environment(ENGINES[OURS], Path(sys.executable), "", 0)

    def measure(self, network: str, threads: Sequence[int]) -> Figures:
        """Compile a network, and return its figures."""
        bundles = []
        for index, revision in enumerate(self.revisions):
            self.report(f"compiling {network}, {revision.name}", index, len(self.revisions))
            bundles.append(revision.compile(network))
        analysis = analyze(network_file(network), {}, targets.get("host"))
        [shape] = analysis.inputs.values()
        np.save(self.image, np.random.default_rng(SEED).standard_normal(shape, np.float32))
        sizes = ((bundle / "model.edge" / "model.so").stat().st_size for bundle in bundles)
        figures = {"library, MB": Figure(*(size / 1e6 for size in sizes))}
        figures |= self._starts(network, bundles)
        for count in threads:
            figures |= self._latencies(network, bundles, count)
        return figures

    def _worker(self, index: int, bundles: Sequence[Path], threads: int) -> Worker:
        root = self.revisions[index].root
        return Worker(self.environment, bundles[index], self.image, threads, root=root)

    def _starts(self, network: str, bundles: Sequence[Path]) -> Figures:
        milliseconds: list[list[float]] = [[], []]
        megabytes: list[list[float]] = [[], []]
        for index in range(STARTS):
            self.report(f"starting {network}", index, STARTS)
            for which in range(2):
                with self._worker(which, bundles, 1) as worker:
                    milliseconds[which].append(worker.start_ms)
                    megabytes[which].append(worker.peak_rss / 1e6)
        return {
            "start, ms": Figure(*map(min, milliseconds)),
            "memory, MB": Figure(*map(min, megabytes)),
        }

    def _latencies(self, network: str, bundles: Sequence[Path], threads: int) -> Figures:
        times: list[list[float]] = [[], []]
        with ExitStack() as stack:
            workers = [
                stack.enter_context(self._worker(which, bundles, threads)) for which in range(2)
            ]
            for index in range(self.rounds):
                self.report(f"{network}, threads: {threads}", index, self.rounds)
                for samples, worker in zip(times, workers, strict=True):
                    samples.extend(worker.measure(self.seconds))
        name = f"{threads} thread{'' if threads == 1 else 's'}"
        return {
            f"{name}, minimum ms": Figure(*map(min, times)),
            f"{name}, median ms": Figure(*map(statistics.median, times)),
        }


def show(commit: str, found: Mapping[str, Figures]) -> None:
    """Print what is now beside what was, and the geometric mean of the ratios."""
    for name in next(iter(found.values())):
        say()
        rows: list[list[object]] = []
        for network, figures in found.items():
            figure = figures[name]
            values = (f"{figure.before:,.2f}", f"{figure.now:,.2f}", f"{figure.ratio:.3f}")
            rows.append([network, *map(Quantity, values)])
        ratios = [figures[name].ratio for figures in found.values()]
        mean = math.exp(statistics.fmean(map(math.log, ratios)))
        rows.append(["geometric mean", Quantity(""), Quantity(""), Quantity(f"{mean:.3f}")])
        say_table(["network", commit, NOW, f"{NOW} / {commit}"], rows, name)


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.revisions", description=__doc__)
    parser.add_argument("commit", help="what to compare with, for example HEAD~20")
    add_choice(parser, "--models", list(NETWORKS))
    parser.add_argument("--threads", type=counts, default=list(THREADS), help="default: 1,2")
    parser.add_argument("--rounds", type=positive, default=20, help="default: %(default)s")
    parser.add_argument(
        "--seconds", type=float, default=0.25, help="a turn takes; default: %(default)s"
    )
    arguments = parser.parse_args()

    def compare() -> None:
        before = revision_of(arguments.commit)
        now = Revision(NOW, ROOT, cache_folder() / "revisions" / NOW)
        with progress() as report:
            comparison = Comparison([before, now], arguments.rounds, arguments.seconds, report)
            found = {
                network: comparison.measure(network, arguments.threads)
                for network in arguments.models
            }
        show(before.name, found)

    return run_alone(compare)


if __name__ == "__main__":
    sys.exit(main())
