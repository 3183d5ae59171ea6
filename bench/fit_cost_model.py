"""
Fits the constants of the compiler's cost model to measurements on this machine.

``python -m bench.fit_cost_model`` tunes the networks (what was measured before is taken from
the cache), fits, compares, and writes those of the best instruction set that the processor has, or
of the ``--variant`` that is named, to ``edge_compiler/targets/c/cost_model.json``. It prints, for
each network, the cost of its convolutions as tuned, the same with the kernels that the model
chooses, and the ratio of the two.

``python -m bench.fit_cost_model aarch64 armv7`` does the same with the instructions that these
targets execute in an emulator, and writes ``cost_model_arm.json``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.cache import alone, network_file
from bench.networks import NETWORKS
from edge_compiler import frontend, passes, targets, toolchain
from edge_compiler.machine import cache_bytes, processor
from edge_compiler.targets.base import Target
from edge_compiler.targets.c.choice import Candidate, choice_of, Problem
from edge_compiler.targets.c.cost import (
    CONSTANTS,
    COUNTED_CONSTANTS,
    Estimated,
    INSTRUCTIONS,
    weights_in,
)
from edge_compiler.targets.c.lowering import lower_all
from edge_compiler.targets.c.tuning import Measured, tune
from edge_compiler.targets.program.build import compiler_version
from edge_compiler.targets.program.platform import Platform
from edge_compiler.targets.program.variants import Variant
from edge_compiler.terminal import progress, say, say_table

Array = NDArray[np.float64]
Constants = dict[str, dict[str, float]]
THREADS = 1
COUNTED = ("squeezenet1.1", "mobilenet_v2", "yolo_nano", "resnet18")
"""Networks enough for instructions, which have no noise; the others have the same kernels."""


@dataclass(frozen=True)
class Network:
    """The problems of a network's convolutions, and what was measured of them."""

    name: str
    weights_in: str
    measured: Measured
    problems: Sequence[Problem]

    def cost(self, constants: Constants | None = None) -> float:
        """Return what all convolutions cost, / 1000: as tuned, or as the model chooses."""
        variant = self.measured.variant
        chooser: Measured | Estimated = self.measured
        if constants is not None:
            chooser = Estimated(variant, {variant.priced_as: constants})
        chosen = ((p, chooser.choose(p, variant).candidate) for p in self.problems)
        return sum(self.measured.times[problem][candidate] for problem, candidate in chosen) / 1e3


def measure(name: str, platform: Platform) -> Network:
    """Tune a network with the best instruction set of a platform that is here."""
    graph = frontend.load(network_file(name))
    passes.optimise(graph)
    with progress() as show:
        measured = tune(platform, graph, THREADS, lambda _, *at: show(f"tuning {name}", *at))
    steps, variant = lower_all(graph, measured).steps, measured.variant
    problems = [chosen.problem for step in steps if (chosen := choice_of(step, variant))]
    source = "" if measured.variant.counted else weights_in(graph, cache_bytes(3))
    return Network(name, source, measured, problems)


def fit(networks: Iterable[Network]) -> Constants:
    """Return the constants that explain the measurements best, one network as much as another."""
    samples: dict[str, list[tuple[Problem, Candidate, float, float, Variant]]] = {}
    for network in networks:
        for problem in network.problems:
            measured = network.measured.times[problem]
            best = min(measured.values())
            share = best / 1e3 / network.cost()
            for candidate, time in measured.items():
                weight = (
                    share * (best / time) ** 2 / len(measured)
                )  # what nobody takes matters less
                sample = (problem, candidate, time, weight, network.measured.variant)
                samples.setdefault(candidate.family(problem), []).append(sample)
    found = {}
    for name, those in sorted(samples.items()):
        rows = [candidate.counts(problem, variant) for problem, candidate, *_, variant in those]
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


def fit_times(wanted: str | None) -> None:
    """Write the constants of an instruction set, of the best here if none is named."""
    platform = targets.get("host").platform
    variant = next((v for v in platform.variants if v.name == wanted), platform.best_here())
    with alone():
        networks = [measure(name, replace(platform, variants=(variant,))) for name in NETWORKS]
    anywhere = fit(networks)  # for the kernels that no network with its weights there has
    fitted = {
        source: anywhere | fit(network for network in networks if network.weights_in == source)
        for source in ("L3", "DRAM")
    }
    compiler = compiler_version(platform.tools.find_compiler())
    kept = json.loads(CONSTANTS.read_text("utf-8"))
    kept[variant.priced_as] = {
        "made by": f"python -m bench.fit_cost_model --variant {variant.name}",
        "on": f"{processor()}, {compiler}, {THREADS} thread",
        "estimated to tuned": compare(networks, fitted, "ms"),
        "l3_bytes": cache_bytes(3),
        "microseconds": fitted,
    }
    write(CONSTANTS, kept)


def counted_target(name: str) -> Target:
    """Return a target whose instructions are counted."""
    target = targets.get(name) if name in targets.names() else None
    if target is None or not target.platform.variants[0].counted:
        raise argparse.ArgumentTypeError(f"{name!r} is no target whose instructions are counted")
    return target


def fit_instructions(counted: Sequence[Target]) -> None:
    """Write the constants of targets whose instructions are counted."""
    ratios, constants, compilers = {}, {}, {}
    for target in counted:
        name = target.name
        networks = [measure(network, target.platform) for network in COUNTED]
        constants[name] = fit(networks)
        ratios[name] = compare(networks, {"": constants[name]}, "M instructions")
        compilers[name] = compiler_version(toolchain.get(name).find_compiler())
    write(
        COUNTED_CONSTANTS,
        {
            "made by": f"python -m bench.fit_cost_model {' '.join(constants)}",
            "with": compilers,
            "estimated to counted": ratios,
            INSTRUCTIONS: constants,
        },
    )


def compare(
    networks: Iterable[Network], fitted: Mapping[str, Constants], unit: str
) -> dict[str, float]:
    """Return, for each network, the cost of what the model chooses over the least; show both."""
    rows = []
    for network in networks:
        tuned, estimated = network.cost(), network.cost(fitted[network.weights_in])
        costs = (round(tuned, 2), round(estimated, 2), round(estimated / tuned, 3))
        rows.append((network.name, network.weights_in, *costs))
    say_table(("network", "weights in", f"tuned {unit}", f"estimated {unit}", "ratio"), rows)
    return {name: ratio for name, *_, ratio in rows}


def write(path: Path, model: Mapping[str, object]) -> None:
    """Write the constants."""
    path.write_text(json.dumps(model, indent=1) + "\n", encoding="utf-8")
    say(f"written: {path}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.fit_cost_model", description=__doc__)
    parser.add_argument(
        "targets",
        nargs="*",
        type=counted_target,
        metavar="TARGET",
        help="count instructions for these; default: measure times on this machine",
    )
    parser.add_argument(
        "--variant",
        choices=[variant.name for variant in targets.get("host").platform.variants],
        help="the instruction set to measure; default: the best here",
    )
    arguments = parser.parse_args()
    if arguments.targets:
        fit_instructions(arguments.targets)
    else:
        fit_times(arguments.variant)
