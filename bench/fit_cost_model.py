"""
Fits the constants of the compiler's cost model to measurements on this machine.

``python -m bench.fit_cost_model`` tunes the seven networks (what was measured before is taken from
the cache), fits, compares, and writes ``edge_compiler/targets/c/cost_model.json``. It prints, for
each network, the time of its convolutions as tuned, the same with the kernels that the model
chooses, and the ratio of the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
import json

import numpy as np
from numpy.typing import NDArray

from bench.cache import alone, network_file
from bench.networks import NETWORKS
from edge_compiler import frontend, passes, toolchain
from edge_compiler.machine import cache_bytes, processor
from edge_compiler.targets.c.build import compiler_version
from edge_compiler.targets.c.choice import Candidate, Problem
from edge_compiler.targets.c.cost import CONSTANTS, counts, Estimated, family, weights_in
from edge_compiler.targets.c.lowering import lower
from edge_compiler.targets.c.target import HostTarget
from edge_compiler.targets.c.tuning import Measured, tune
from edge_compiler.targets.c.variants import Variant
from edge_compiler.terminal import progress, say, say_table

Array = NDArray[np.float64]
Constants = dict[str, dict[str, float]]
THREADS = 1


@dataclass(frozen=True)
class Network:
    """The problems of a network's convolutions, and what was measured of them."""

    name: str
    weights_in: str
    measured: Measured
    problems: Sequence[Problem]

    def milliseconds(self, constants: Constants | None = None) -> float:
        """Return the time of all convolutions: as tuned, or as the model chooses."""
        variant = self.measured.variant
        chooser = self.measured if constants is None else Estimated(variant, constants)
        chosen = ((p, chooser.choose(p, variant).candidate) for p in self.problems)
        return sum(self.measured.times[problem][candidate] for problem, candidate in chosen) / 1e3


def measure(name: str) -> Network:
    """Tune a network."""
    graph = frontend.load(network_file(name))
    passes.optimise(graph)
    with progress() as show:
        measured = tune(HostTarget(), graph, THREADS, lambda _, *at: show(f"tuning {name}", *at))
    steps = lower(graph, measured).steps
    problems = [step.choose(measured.variant).problem for step in steps if step.choose]
    return Network(name, weights_in(graph, cache_bytes(3)), measured, problems)


def fit(networks: Iterable[Network]) -> Constants:
    """Return the constants that explain the measurements best, one network as much as another."""
    samples: dict[str, list[tuple[Problem, Candidate, float, float, Variant]]] = {}
    for network in networks:
        for problem in network.problems:
            measured = network.measured.times[problem]
            best = min(measured.values())
            share = best / 1e3 / network.milliseconds()
            for candidate, time in measured.items():
                weight = (
                    share * (best / time) ** 2 / len(measured)
                )  # what nobody takes matters less
                sample = (problem, candidate, time, weight, network.measured.variant)
                samples.setdefault(family(problem, candidate), []).append(sample)
    found = {}
    for name, those in sorted(samples.items()):
        rows = [counts(problem, candidate, variant) for problem, candidate, *_, variant in those]
        times = np.array([time for _, _, time, _, _ in those])
        weights = np.sqrt([weight for *_, weight, _ in those])
        matrix = np.array([list(row.values()) for row in rows]) / times[:, None]
        solution = non_negative(matrix * weights[:, None], weights)
        found[name] = {key: float(f"{x:.4g}") for key, x in zip(rows[0], solution, strict=True)}
    return found


def non_negative(matrix: Array, wanted: Array) -> Array:
    """Return the least-squares solution, leaving out one by one the columns that go below zero."""
    scale = np.abs(matrix).max(axis=0)
    used = [column for column in range(matrix.shape[1]) if scale[column] > 0]
    result = np.zeros(matrix.shape[1])
    while used:
        solution = np.linalg.lstsq(matrix[:, used] / scale[used], wanted, rcond=None)[0]
        if solution.min() >= 0:
            result[used] = solution / scale[used]
            break
        used.pop(int(solution.argmin()))
    return result


def main() -> None:
    """Measure, fit, compare, write."""
    with alone():
        networks = [measure(name) for name in NETWORKS]
    anywhere = fit(networks)  # for the kernels that no network with its weights there has
    fitted = {
        source: anywhere | fit(network for network in networks if network.weights_in == source)
        for source in ("L3", "DRAM")
    }
    rows = []
    for network in networks:
        tuned = network.milliseconds()
        estimated = network.milliseconds(fitted[network.weights_in])
        rows.append(
            (
                network.name,
                network.weights_in,
                round(tuned, 2),
                round(estimated, 2),
                round(estimated / tuned, 3),
            )
        )
    say_table(("network", "weights in", "tuned ms", "estimated ms", "ratio"), rows)
    model = {
        "made by": "python -m bench.fit_cost_model",
        "on": f"{processor()}, {compiler_version(toolchain.get('host').find_compiler())}, {THREADS} thread",
        "estimated to tuned": {name: ratio for name, *_, ratio in rows},
        "l3_bytes": cache_bytes(3),
        "microseconds": fitted,
    }
    CONSTANTS.write_text(json.dumps(model, indent=1) + "\n", encoding="utf-8")
    say(f"written: {CONSTANTS}")


if __name__ == "__main__":
    main()
