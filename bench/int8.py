"""
What fewer bits gain: ``python -m bench.int8``.

The seven networks of convolutions, compiled in float32, half and int8, and the other engines in
what they choose and in each precision that they have. All take turns, as in ``python -m bench``.
Integers are calibrated on a few random images: what they are makes no difference to the time.
Networks may be measured one by one: each is put into the file of results as soon as it is done,
and the tables are made of all that are there.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
import sys

import numpy as np

from bench import environments, int8_results
from bench.cache import BenchError, cache_folder, digest, network_file
from bench.command import add_choice, counts, positive, run, run_alone
from bench.engines import ROOT
from bench.engines.tiers import TIERS
from bench.environments import Environment
from bench.int8_table import publish, show
from bench.turns import take_turns
from edge_compiler import frontend
from edge_compiler.progress import Progress
from edge_compiler.terminal import note, progress

NETWORKS = (
    *("squeezenet1.0", "squeezenet1.1", "mobilenet_v2", "resnet18", "resnet50"),
    *("ssd_mobilenet_v1", "yolo_nano"),
)
THREADS = (1, 2)
RESULTS, SHORT = ROOT / "bench/results", ROOT / "build/bench"
"""Folders of what is measured of all engines for as long as by default, and of others."""
README = ROOT / "bench" / "README.md"
ROUNDS, SECONDS = 8, 0.15
_SAMPLES, _SEED = 4, 7


def images(network: str) -> tuple[Path, Path]:
    """Return the file of images that calibrate, and of the one that is measured."""
    folder = cache_folder() / "images"
    calibration, image = folder / f"{network}.npz", folder / f"{network}.npy"
    if not image.is_file():
        folder.mkdir(exist_ok=True)
        [value] = frontend.load(network_file(network)).inputs
        random = np.random.default_rng(_SEED)
        samples = random.standard_normal((_SAMPLES, *value.shape), np.float32)
        np.savez(calibration, image=samples)
        np.save(image, random.standard_normal(value.shape, np.float32))
    return calibration, image


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.int8", description=__doc__)
    add_choice(parser, "--models", NETWORKS)
    add_choice(parser, "--engines", list(TIERS))
    parser.add_argument("--threads", type=counts, default=list(THREADS), help="default: 1,2")
    parser.add_argument("--rounds", type=positive, default=ROUNDS, help="default: %(default)s")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help="a turn takes; default: %(default)s"
    )
    parser.add_argument("--again", action="store_true", help="measure what was measured, too")
    parser.add_argument(
        "--prepare", action="store_true", help="install and convert, measure nothing"
    )
    given = parser.parse_args(arguments)
    if given.prepare:
        return run(lambda: _prepare(given))
    return run_alone(lambda: _measure(given))


def _prepare(given: argparse.Namespace) -> int:
    """Return the exit status: 1 if something can't be had."""
    with progress() as report:
        ready, failures = _install(given.engines, report)
        for network in given.models:
            failures += _convert(network, ready, report)[1]
    return _say(failures)


def _measure(given: argparse.Namespace) -> int:
    """Return the exit status: 1 if something can't be had or measured."""
    whole = given.engines == list(TIERS) and given.rounds >= ROUNDS and given.seconds >= SECONDS
    target = int8_results.file_here(RESULTS if whole else SHORT)
    with progress() as report:
        ready, failures = _install(given.engines, report)
        for network in given.models:
            conversions, failed = _convert(network, ready, report)
            failures += failed
            engines = {name: (ready[name], path) for name, path in conversions.items()}
            for threads in given.threads:
                try:
                    failures += _piece(given, network, threads, engines, target, report)
                except BenchError as error:
                    failures.append(f"{network}, threads: {threads}: {error}")
    found = int8_results.ordered(int8_results.read(target), NETWORKS)
    show(found)
    if whole:
        every = int8_results.every(RESULTS).items()
        measured = {name: int8_results.ordered(kept, NETWORKS) for name, kept in every}
        publish(measured, [(network, t) for network in NETWORKS for t in THREADS], README)
    return _say(failures)


def _say(failures: Sequence[str]) -> int:
    for failure in dict.fromkeys(failures):
        note(failure, style="yellow")
    return 1 if failures else 0


def _install(names: Sequence[str], report: Progress) -> tuple[dict[str, Environment], list[str]]:
    """Return the engines that could be installed, and a sentence for each that could not."""
    ready, failures = {}, []
    for index, name in enumerate(names):
        report(f"installing {name}", index, len(names))
        try:
            ready[name] = environments.prepare(TIERS[name], upgrade=False)
        except BenchError as error:
            failures.append(f"{name} is skipped, it can't be installed: {error}")
    return ready, failures


def _convert(
    network: str, ready: dict[str, Environment], report: Progress
) -> tuple[dict[str, Path], list[str]]:
    """Return what each engine loads, and a sentence for each that can't have the network."""
    conversions, failures = {}, []
    calibration, _ = images(network)
    for index, (name, environment) in enumerate(ready.items()):
        report(f"converting {network} for {name}", index, len(ready))
        engine = environment.engine
        if engine.calibrated:
            engine = replace(engine, convert_options=(str(calibration),))
        try:
            changed = replace(environment, engine=engine)
            conversions[name] = environments.convert(changed, network, network_file(network))
        except BenchError as error:
            failures.append(f"{network} is skipped for {name}, its converter failed: {error}")
    return conversions, failures


def _piece(
    given: argparse.Namespace,
    network: str,
    threads: int,
    engines: Mapping[str, tuple[Environment, Path]],
    target: Path,
    report: Progress,
) -> Sequence[str]:
    """Measure a network with a number of threads, if need be; return what failed."""
    key = digest(
        *(f"{name} {path}" for name, (_, path) in engines.items()),
        f"{given.rounds} {given.seconds}",
    )
    kept = None if given.again else int8_results.find(target, network, threads, key)
    if kept:
        return kept.failures
    _, image = images(network)
    piece = take_turns(network, threads, engines, image, (given.rounds, given.seconds), report)
    versions = {name: environment.version for name, (environment, _) in engines.items()}
    int8_results.add(target, piece, key, versions)
    return piece.failures


if __name__ == "__main__":
    sys.exit(main())
