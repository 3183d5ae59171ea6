"""``edgec profile``: where the time of a run goes, or its instructions, measured now."""

from __future__ import annotations

import argparse
from dataclasses import asdict
import os
import statistics
import time
from typing import TYPE_CHECKING

from edge_compiler.commands import add_bundle, add_command, add_json, add_threads
from edge_compiler.errors import CompileError
from edge_compiler.terminal import progress, say, say_json, say_table
from edge_compiler.units import Quantity

if TYPE_CHECKING:
    from edge_compiler.commands import Commands
    from edge_compiler.emulation.profiling import InstructionProfile
    from edge_compiler.profiling import Profile
    from edge_perception.runtime.load import LoadedModel

LEAST_RUNS = 3
LIVE_RUNS = 50
"""Of which the median is shown while it is measured."""


def register(commands: Commands) -> None:
    """Add the parser."""
    parser = add_command(commands, "profile", "measure how long each step takes", run)
    add_bundle(parser)
    add_threads(parser)
    parser.add_argument(
        "--seconds", type=float, default=3.0, metavar="S", help="measure so long (default: 3)"
    )
    parser.add_argument(
        "--sort",
        choices=("order", "time"),
        default="order",
        help="list the steps in the order in which they run (default), or the slowest first; with "
        "--qemu those with the most instructions",
    )
    parser.add_argument(
        "--qemu",
        action="store_true",
        help="count the instructions of a bundle for Arm in an emulator, on one thread; they are "
        "no times",
    )
    parser.add_argument(
        "--cpu",
        metavar="MODEL",
        help="the processor to emulate with --qemu, such as cortex-a76 (default: cortex-a72, and "
        "cortex-a7 for 32 bits)",
    )
    add_json(parser)
    parser.set_defaults(usage_error=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Print the median time of each step and group, on the input of the self-test."""
    from edge_compiler.running import is_native
    from edge_perception.runtime import load, read_manifest

    slowest_first = arguments.sort == "time"
    if arguments.qemu:
        return _count(arguments, slowest_first)
    if arguments.cpu:
        arguments.usage_error("--cpu names the processor to emulate; it needs --qemu")
    if not 0 < arguments.seconds <= 3600:
        arguments.usage_error("--seconds must be above 0, and 3600 at most")
    target = read_manifest(arguments.bundle, check=False).model.target
    if not is_native(target):
        raise CompileError(
            f"{arguments.bundle} was compiled for {target}, and only such a machine can tell how "
            "long it takes: run edgec profile there; --qemu counts instructions here"
        )
    with load(arguments.bundle, threads=arguments.threads) as loaded:
        result = _measure(loaded, arguments)
    if arguments.json:
        say_json(asdict(result))
        return 0
    _print(result, slowest_first)
    return 0


def _count(arguments: argparse.Namespace, slowest_first: bool) -> int:
    """Print the instructions of each step and group, on the input of the self-test."""
    from edge_compiler.emulation.profiling import count_instructions

    if arguments.threads > 1:
        arguments.usage_error("--qemu counts the instructions of one thread; leave out --threads")
    with progress() as show:
        show("counting in the emulator", 0, 0)
        result = count_instructions(arguments.bundle, arguments.cpu)
    if arguments.json:
        say_json(asdict(result))
        return 0
    _print_instructions(result, slowest_first)
    return 0


def _measure(loaded: LoadedModel, arguments: argparse.Namespace) -> Profile:
    """Run until the time is over, and summarise."""
    from edge_compiler.peak import measure_peak
    from edge_compiler.profiling import make_profile
    from edge_perception.runtime.selftest import read_selftest

    model, threads = loaded.manifest.model, arguments.threads or len(os.sched_getaffinity(0))
    selftest = arguments.bundle / loaded.manifest.selftest
    inputs, _ = read_selftest(selftest, model.inputs, model.outputs)
    with progress() as show:
        show("measuring the peak", 0, 0)
        peak = measure_peak(loaded.variant, threads)
        loaded.observe(inputs)  # the first run pays for page faults
        runs: list[list[int]] = []
        totals: list[float] = []
        start = time.perf_counter()
        while len(runs) < LEAST_RUNS or time.perf_counter() - start < arguments.seconds:
            runs.append([nanoseconds for _, nanoseconds, _ in loaded.observe(inputs)])
            totals.append(sum(runs[-1]) / 1e6)
            passed = min(time.perf_counter() - start, arguments.seconds)
            median = statistics.median(totals[-LIVE_RUNS:])
            what = f"measuring: {median:.2f} ms, {len(totals)} runs"
            show(what, round(1000 * passed), round(1000 * arguments.seconds))
    return make_profile(model.steps, runs, loaded.variant, threads, peak)


def _print(result: Profile, slowest_first: bool) -> None:
    steps = list(enumerate(result.steps))
    if slowest_first:
        steps.sort(key=lambda entry: -entry[1].milliseconds)
    say_table(
        ("#", "step", "kernel", "ms", "share", "GFLOP/s", "of peak"),
        [
            (
                number,
                step.step,
                step.kernel,
                Quantity(f"{step.milliseconds:.3f}"),
                Quantity(f"{step.share:.1%}"),
                Quantity("" if step.gflops is None else f"{step.gflops:.1f}"),
                Quantity("" if step.share_of_peak is None else f"{step.share_of_peak:.0%}"),
            )
            for number, step in steps
        ],
    )
    say()
    say_table(
        ("group", "steps", "ms", "share"),
        [
            (
                group.name,
                group.steps,
                Quantity(f"{group.milliseconds:.3f}"),
                Quantity(f"{group.share:.1%}"),
            )
            for group in result.groups
        ],
    )
    say()
    peak = result.peak_gflops
    say(
        f"{result.milliseconds:.2f} ms in {len(steps)} steps, median of {result.runs} runs, "
        f"{result.threads} thread(s), {result.variant}, "
        + (f"peak {peak:.0f} GFLOP/s" if peak else "peak unknown (no C compiler)"),
        "bold",
    )


def _print_instructions(result: InstructionProfile, slowest_first: bool) -> None:
    steps = list(enumerate(result.steps))
    if slowest_first:
        steps.sort(key=lambda entry: -entry[1].instructions)
    say_table(
        ("#", "step", "kernel", "back end", "M instructions", "share", "per MAC"),
        [
            (
                number,
                step.step,
                step.kernel,
                step.backend,
                _millions(step.instructions),
                Quantity(f"{step.share:.1%}"),
                Quantity("" if step.per_mac is None else f"{step.per_mac:.3f}"),
            )
            for number, step in steps
        ],
    )
    say()
    say_table(
        ("group", "steps", "M instructions", "share"),
        [
            (
                group.name,
                group.steps,
                _millions(group.instructions),
                Quantity(f"{group.share:.1%}"),
            )
            for group in result.groups
        ],
    )
    say()
    say(
        f"{_millions(result.instructions)} million instructions in {len(steps)} steps, 1 thread, "
        f"{result.variant} on an emulated {result.processor}",
        "bold",
    )
    say("These are instructions and not times: what one costs depends on the processor.")


def _millions(instructions: int) -> Quantity:
    return Quantity(f"{instructions / 1e6:.3f}")
