"""``edgec profile``: where the time of a run goes, or its instructions, measured now."""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
import os
import statistics
from typing import TYPE_CHECKING, TypeVar

from edge_compiler.commands import add_bundle, add_command, add_json, add_threads
from edge_compiler.errors import CompileError
from edge_compiler.terminal import duration, progress, say, say_json, say_table
from edge_compiler.units import Quantity

if TYPE_CHECKING:
    from edge_compiler.emulation.profiling import (
        GroupInstructions,
        InstructionProfile,
        StepInstructions,
    )
    from edge_compiler.profiling import GroupTime, Profile, Runs, StepTime
    from edge_perception.runtime.load import LoadedModel
    from edge_perception.runtime.parser import Commands

_Step = TypeVar("_Step", bound="StepTime | StepInstructions")
_Group = TypeVar("_Group", bound="GroupTime | GroupInstructions")

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
    from edge_compiler.running.bundle import is_native
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
    _print_times(result, slowest_first)
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
    from edge_compiler.profiling import in_turns, make_profile
    from edge_compiler.targets.peak import peak_meter
    from edge_perception.runtime.selftest import read_selftest

    model, threads = loaded.manifest.model, arguments.threads or len(os.sched_getaffinity(0))
    inputs, _ = read_selftest(arguments.bundle, loaded.manifest)
    totals: deque[float] = deque(maxlen=LIVE_RUNS)
    with progress() as show, peak_meter(loaded.variant, threads) as peak:

        def show_median(runs: Runs, passed: float) -> None:
            totals.append(sum(runs[-1]) / 1e6)
            what = f"measuring: {duration(statistics.median(totals))}, {len(runs)} runs"
            done = round(1000 * min(passed, arguments.seconds))
            show(what, done, round(1000 * arguments.seconds))

        loaded.time_steps(inputs)  # the first run pays for page faults
        runs, peaks = in_turns(
            lambda: [loaded.time_steps(inputs)], peak, arguments.seconds, show_median
        )
    return make_profile(model.steps, runs, loaded.variant, threads, peaks)


def _print_times(result: Profile, slowest_first: bool) -> None:
    unit, scale = ("ms", 1.0) if result.milliseconds >= 1 else ("us", 1000.0)
    _print_tables(
        result.steps,
        result.groups,
        slowest_first,
        about={},
        unit=unit,
        cost=lambda part: Quantity(f"{scale * part.milliseconds:.3f}"),
        rates={
            "GFLOP/s": lambda step: _number(step.gflops, ".1f"),
            "of peak": lambda step: _number(step.share_of_peak, ".0%"),
        },
    )
    peak = result.peak_gflops
    say(
        f"{duration(result.milliseconds)} in {len(result.steps)} steps, median of {result.runs} "
        f"runs, {result.threads} thread(s), {result.variant}, "
        + (f"peak {peak:.0f} GFLOP/s" if peak else "peak unknown (no C compiler)"),
        "bold",
    )


def _print_instructions(result: InstructionProfile, slowest_first: bool) -> None:
    _print_tables(
        result.steps,
        result.groups,
        slowest_first,
        about={"back end": lambda step: step.backend},
        unit="M instructions",
        cost=lambda part: _millions(part.instructions),
        rates={"per MAC": lambda step: _number(step.per_mac, ".3f")},
    )
    say(
        f"{_millions(result.instructions)} million instructions in {len(result.steps)} steps, "
        f"1 thread, {result.variant} on an emulated {result.processor}",
        "bold",
    )
    say("These are instructions and not times: what one costs depends on the processor.")


def _print_tables(
    steps: Sequence[_Step],
    groups: Sequence[_Group],
    slowest_first: bool,
    *,
    about: Mapping[str, Callable[[_Step], str]],
    unit: str,
    cost: Callable[[_Step | _Group], Quantity],
    rates: Mapping[str, Callable[[_Step], Quantity]],
) -> None:
    """
    Print a table of steps and one of groups.

    :param about: further columns before the cost, by their titles.
    :param unit: of the cost.
    :param rates: further columns behind it.
    """
    numbered = list(enumerate(steps))
    if slowest_first:
        numbered.sort(key=lambda entry: -entry[1].share)
    say_table(
        ("#", "step", "kernel", *about, unit, "share", *rates),
        [
            (
                number,
                step.step,
                step.kernel,
                *(cell(step) for cell in about.values()),
                cost(step),
                _number(step.share, ".1%"),
                *(cell(step) for cell in rates.values()),
            )
            for number, step in numbered
        ],
    )
    say()
    say_table(
        ("group", "steps", unit, "share"),
        [(x.name, x.steps, cost(x), _number(x.share, ".1%")) for x in groups],
    )
    say()


def _number(value: float | None, form: str) -> Quantity:
    return Quantity("" if value is None else format(value, form))


def _millions(instructions: int) -> Quantity:
    return _number(instructions / 1e6, ".3f")
