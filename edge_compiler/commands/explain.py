"""``edgec explain``: what the compiler decided, and why."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from edge_compiler.commands import add_bundle, add_command, add_json
from edge_compiler.terminal import say, say_json, say_table
from edge_compiler.units import count, size

if TYPE_CHECKING:
    from edge_compiler.commands import Commands
    from edge_perception.runtime.manifest import Manifest, Model

SYMBOLS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
MAP_ROWS, MAP_COLUMNS = 20, 100


def register(commands: Commands) -> None:
    """Add the parser."""
    parser = add_command(
        commands, "explain", "show what was placed, fused and stored where, and why", run
    )
    add_bundle(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the manifest in a readable form."""
    from edge_perception.runtime import read_manifest
    from edge_perception.runtime.schema import encode

    manifest = read_manifest(arguments.bundle)
    if arguments.json:
        say_json(encode(manifest))
        return 0
    _summary(manifest)
    _placement(manifest.model)
    _fusions(manifest.model)
    _memory(manifest.model)
    return 0


def _summary(manifest: Manifest) -> None:
    model, proof = manifest.model, manifest.proof
    say(f"{model.name} for {model.target} ({', '.join(model.variants)})", "bold")
    say(f"  compiled by  {model.compiler}, {manifest.created}")
    for kind, tensors in (("input", model.inputs), ("output", model.outputs)):
        for tensor in tensors:
            shape = " x ".join(map(str, tensor.shape))
            say(f"  {kind:<11}  {tensor.name}: {shape} {tensor.dtype} {tensor.layout}".rstrip())
    if model.preprocess:
        spec = model.preprocess
        say(f"  frames       {spec.color}, {spec.resize}, mean {spec.mean}, scale {spec.scale}")
    say(f"  decoder      {model.decoder.kind} {json.dumps(model.decoder.parameters)}")
    say(
        f"  proof        {proof.inputs} inputs against {proof.reference}, worst relative error "
        f"{proof.worst_error:.1e} at {proof.worst_step}"
    )
    if manifest.speed:
        speed = manifest.speed
        say(f"  speed        {speed.median_ms:.2f} ms, {speed.threads} thread(s), {speed.machine}")
    say(f"  work         {count(model.macs)} multiply-accumulates")
    say(f"  memory       {size(model.weight_bytes)} weights, {size(model.arena_bytes)} arena")
    for key, value in model.provenance.items():
        say(f"  {key:<11}  {value}")


def _placement(model: Model) -> None:
    say()
    say_table(
        ("#", "step", "back end", "kernel", "shape", "MACs", "weights", "reason", "computes"),
        [
            (
                number,
                step.name,
                step.backend,
                step.kernel,
                "x".join(map(str, step.shape)),
                count(step.macs),
                size(step.weight_bytes),
                step.reason,
                ", ".join(step.nodes),
            )
            for number, step in enumerate(model.steps)
        ],
        title="Placement",
    )


def _fusions(model: Model) -> None:
    say()
    say_table(
        ("pass", "node", "done", "reason"),
        [(f.pass_name, f.node, "yes" if f.done else "no", f.reason) for f in model.fusions],
        title="Decisions of the optimiser",
    )


def _memory(model: Model) -> None:
    """Draw the arena: steps from left to right, addresses from bottom to top."""
    steps = len(model.steps)
    columns = min(MAP_COLUMNS, steps)
    picture = [[" "] * columns for _ in range(MAP_ROWS)]
    for index, allocation in enumerate(model.allocations):
        left = allocation.first * columns // steps
        right = min(allocation.last, steps - 1) * columns // steps  # outputs outlive all steps
        bottom = allocation.offset * MAP_ROWS // model.arena_bytes
        top = -(-(allocation.offset + allocation.bytes) * MAP_ROWS // model.arena_bytes)
        for row in range(bottom, max(top, bottom + 1)):
            for column in range(left, right + 1):
                picture[row][column] = SYMBOLS[index % len(SYMBOLS)]
    say()
    say("Memory map", "bold")
    for row in reversed(range(MAP_ROWS)):
        say(f"{size((row + 1) * model.arena_bytes / MAP_ROWS):>9} |{''.join(picture[row])}|")
    say(f"{'step':>9}  0{steps - 1:>{columns - 1}}")
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
