"""``edgec profile``: where the time of a run goes, measured now."""

from __future__ import annotations

import argparse
import statistics
from typing import TYPE_CHECKING

from edge_compiler.commands import add_bundle, add_command, add_json, add_threads
from edge_compiler.terminal import progress, say, say_json, say_table
from edge_compiler.units import count

if TYPE_CHECKING:
    from edge_compiler.commands import Commands


def register(commands: Commands) -> None:
    """Add the parser."""
    parser = add_command(commands, "profile", "measure how long each step takes", run)
    add_bundle(parser)
    add_threads(parser)
    parser.add_argument("--runs", type=int, default=20, metavar="N", help="runs (default: 20)")
    add_json(parser)
    parser.set_defaults(usage_error=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Print the median time of each step, on the input of the self-test."""
    from edge_perception.runtime import load
    from edge_perception.runtime.selftest import read_selftest

    if arguments.runs < 1:
        arguments.usage_error("--runs must be at least 1")
    with load(arguments.bundle, threads=arguments.threads) as loaded, progress() as show:
        model, variant = loaded.manifest.model, loaded.variant
        selftest = arguments.bundle / loaded.manifest.selftest
        inputs, _ = read_selftest(selftest, model.inputs, model.outputs)
        loaded.run(inputs)  # the first run pays for page faults
        runs = []
        for number in range(arguments.runs):
            show("measuring", number, arguments.runs)
            runs.append([nanoseconds / 1e6 for _, nanoseconds, _ in loaded.observe(inputs)])
    medians = [statistics.median(step) for step in zip(*runs, strict=True)]
    total = sum(medians)
    steps = [
        {
            "step": step.name,
            "kernel": step.kernel,
            "milliseconds": milliseconds,
            "share": milliseconds / total,
            "macs_per_second": step.macs / milliseconds * 1e3,
        }
        for step, milliseconds in zip(model.steps, medians, strict=True)
    ]
    if arguments.json:
        say_json({"variant": variant, "milliseconds": total, "steps": steps})
        return 0
    say_table(
        ("step", "kernel", "ms", "share", "MAC/s"),
        [
            (
                entry["step"],
                entry["kernel"],
                f"{entry['milliseconds']:7.3f}",
                f"{entry['share']:6.1%}",
                count(entry["macs_per_second"]),
            )
            for entry in steps
        ],
    )
    say(f"{total:.2f} ms in {len(steps)} steps, variant {variant}", "bold")
    return 0
