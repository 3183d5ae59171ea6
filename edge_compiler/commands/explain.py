"""``edgec explain``: what the compiler decided, and why."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
import re
from typing import TYPE_CHECKING

from edge_compiler.commands import add_bundle, add_command, add_json
from edge_compiler.terminal import duration, say, say_json, say_table
from edge_compiler.units import count, size

if TYPE_CHECKING:
    from edge_perception.runtime.accelerator import Accelerator
    from edge_perception.runtime.manifest import Fusion, Manifest, Model
    from edge_perception.runtime.parser import Commands
    from edge_perception.runtime.record import Record

SYMBOLS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
MAP_ROWS, MAP_COLUMNS = 20, 100
LISTED = 3
"""Nodes named where many were decided on alike."""
LISTED_IN_STEP = 1
"""Nodes named that a step computes beside its own: in quantised networks it has many."""


def register(commands: Commands) -> None:
    """Add the parser."""
    parser = add_command(
        commands, "explain", "show what was placed, fused and stored where, and why", run
    )
    add_bundle(parser)
    parser.add_argument(
        "--all",
        action="store_true",
        help="list every node that a step computes, or that the optimiser decided on",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the manifest in a readable form."""
    from edge_perception.runtime import read_contents
    from edge_perception.runtime.schema import encode

    contents = read_contents(arguments.bundle)
    manifest, record = contents.manifest, contents.record
    if arguments.json:
        say_json(encode(manifest) | {"created": record.created, "speed": encode(record.speed)})
        return 0
    _summary(manifest, record)
    _placement(manifest.model, arguments.all)
    _fusions(manifest.fusions, arguments.all)
    _memory(manifest.model)
    return 0


def _summary(manifest: Manifest, record: Record) -> None:
    model, proof = manifest.model, manifest.proof
    say(f"{model.name} for {model.target} ({', '.join(model.variants)})", "bold")
    say(f"  compiled by  {model.compiler}, {record.created}")
    for kind, tensors in (("input", model.inputs), ("output", model.outputs)):
        for tensor in tensors:
            shape = " x ".join(map(str, tensor.shape))
            say(f"  {kind:<11}  {tensor.name}: {shape} {tensor.dtype} {tensor.layout}".rstrip())
    if model.preprocess:
        say(f"  frames       {model.preprocess}")
    because = f" ({model.decoder.because})" if model.decoder.because else ""
    say(f"  decoder      {model.decoder}{because}")
    if proof.caveat:
        say(f"  proof        pending: it needs {proof.missing}, see edgec verify")
    else:
        worst = f" at {proof.worst_step}" if proof.worst_step else ""
        say(
            f"  proof        {proof.inputs} inputs against {proof.reference}, "
            f"worst relative error {proof.worst_error:.1e}{worst}"
        )
    if manifest.accelerator:
        say(f"  {manifest.accelerator.name:<11}  {_accelerator(manifest.accelerator)}")
    if manifest.pruning:
        say(f"  pruned       {manifest.pruning}")
    if manifest.accuracy:
        say(f"  accuracy     {manifest.accuracy}")
    if record.speed:
        speed = record.speed
        median = duration(speed.median_ms)
        say(f"  speed        {median}, {speed.threads} thread(s), {speed.machine}")
    elif not proof.caveat:
        say("  speed        not measured, the proof was emulated; on the machine: edgec profile")
    say(f"  work         {count(model.macs)} multiply-accumulates")
    say(f"  memory       {size(model.weight_bytes)} weights, {size(model.arena_bytes)} arena")
    for key, value in model.provenance.items():
        say(f"  {key:<11}  {value}")


def _accelerator(accelerator: Accelerator) -> str:
    """Return what a bundle brings for an accelerator, or why it can't."""
    if accelerator.refused:
        return f"can't run the network, the library does: {_grouped(accelerator.refused)}"
    precision = accelerator.precision
    if accelerator.float_layers:
        layers = ", ".join(accelerator.float_layers)
        precision += f", but float32 in {layers}, whose numbers are too large"
    versions = f"{accelerator.oldest} to {accelerator.newest}"
    return f"{precision}; versions {versions}; pending on each device, see edgec finish"


def _grouped(refused: Mapping[str, str]) -> str:
    """Return each reason once, with the first nodes that have it; --json lists all of them."""
    nodes: dict[str, list[str]] = {}
    for node, reason in refused.items():
        nodes.setdefault(reason, []).append(node)
    return "; ".join(f"{reason} (at {_named(names, LISTED)})" for reason, names in nodes.items())


def _placement(model: Model, everything: bool) -> None:
    say()
    say_table(
        ("#", "step", "kernel", "why", "type", "shape", "MACs", "weights", "also computes"),
        [
            (
                number,
                step.name,
                step.kernel if step.backend == "c" else f"{step.backend}: {step.kernel}",
                step.reason,
                step.dtype,
                "x".join(map(str, step.shape)),
                count(step.macs),
                size(step.weight_bytes),
                _named(
                    [name for name in step.nodes if name != step.name],
                    len(step.nodes) if everything else LISTED_IN_STEP,
                ),
            )
            for number, step in enumerate(model.steps)
        ],
        title="Placement",
    )


def _fusions(fusions: Sequence[Fusion], everything: bool) -> None:
    """List the decisions; equal ones of several nodes together, if not ``everything``."""
    say()
    title = "Decisions of the optimiser"
    if everything:
        rows = [(f.pass_name, f.node, _done(f), f.reason) for f in fusions]
        say_table(("pass", "node", "done", "reason"), rows, title=title)
        return
    alike: dict[tuple[str, str, str], list[Fusion]] = {}
    for fusion in fusions:
        kind = re.sub("'[^']*'", "'...'", fusion.reason)  # but for the names in it
        alike.setdefault((fusion.pass_name, _done(fusion), kind), []).append(fusion)
    say_table(
        ("pass", "nodes", "done", "reason", "at"),
        [
            (
                name,
                len(found),
                done,
                found[0].reason if len(found) == 1 else kind,
                _named([fusion.node for fusion in found], LISTED),
            )
            for (name, done, kind), found in alike.items()
        ],
        title=f"{title} (--all lists every node)",
    )


def _done(fusion: Fusion) -> str:
    return "yes" if fusion.done else "no"


def _named(nodes: Sequence[str], most: int) -> str:
    """Name ``most`` nodes and say how many more there are."""
    more = len(nodes) - most
    return ", ".join(nodes[:most]) + (f" and {more} more" if more > 0 else "")


def _memory(model: Model) -> None:
    """Draw the arena: steps from left to right, addresses from bottom to top."""
    steps = max(1, len(model.steps))  # a model may only rename its input
    columns = min(MAP_COLUMNS, steps)
    picture = [[" "] * columns for _ in range(MAP_ROWS)]
    for index, allocation in enumerate(model.allocations):
        left = allocation.first * columns // steps
        right = allocation.last * columns // steps
        bottom = allocation.offset * MAP_ROWS // model.arena_bytes
        top = -(-(allocation.offset + allocation.bytes) * MAP_ROWS // model.arena_bytes)
        for row in range(bottom, max(top, bottom + 1)):
            for column in range(left, right + 1):
                picture[row][column] = SYMBOLS[index % len(SYMBOLS)]
    say()
    say("Memory map", "bold")
    for row in reversed(range(MAP_ROWS)):
        say(f"{size((row + 1) * model.arena_bytes / MAP_ROWS):>9} |{''.join(picture[row])}|")
    say(f"{'step':>9}  0{f'{steps - 1:>{columns - 1}}' if columns > 1 else ''}")
    say()
    say_table(
        ("", "value", "offset", "size", "steps"),
        [
            (
                SYMBOLS[index % len(SYMBOLS)],
                allocation.value,
                allocation.offset,
                size(allocation.bytes),
                f"{allocation.first}-{allocation.last}",
            )
            for index, allocation in enumerate(model.allocations)
        ],
    )
