"""``edgec analyze``: what a model is made of, and what of it a target can't run."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from edge_compiler.commands import add_command, add_json, add_model, add_shape, add_target
from edge_compiler.terminal import progress, say, say_json, say_table
from edge_compiler.units import count, size

if TYPE_CHECKING:
    from edge_perception.runtime.parser import Commands


def register(commands: Commands) -> None:
    """Add the parser."""
    parser = add_command(
        commands, "analyze", "show a model's size, and which nodes can't be compiled and why", run
    )
    add_model(parser)
    add_target(parser)
    add_shape(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the analysis; the exit code is 1 if a node can't be compiled."""
    from edge_compiler import targets
    from edge_compiler.analysis import analyze
    from edge_compiler.refusal import grouped

    target = targets.get(arguments.target)
    with progress() as show:
        show("reading the model", 0, 0)
        result = analyze(arguments.model, dict(arguments.shape), target, dict(arguments.shape_of))
    if arguments.json:
        say_json(asdict(result))
        return 1 if result.unsupported else 0
    say(result.name, "bold")
    for kind, tensors in (("input", result.inputs), ("output", result.outputs)):
        for name, shape in tensors.items():
            say(f"  {kind:<12}{name}: {' x '.join(map(str, shape))} {result.types[name]}")
    say(
        f"  nodes       {sum(result.operators.values())}, "
        f"{result.nodes_after_optimisation} after optimisation"
    )
    say(f"  work        {count(result.macs)} multiply-accumulates")
    say(f"  parameters  {count(result.parameters)}, {size(result.weight_bytes)}")
    say(f"  memory      at least {size(result.activation_bytes)} for activations")
    say()
    say_table(("operator", "nodes"), list(result.operators.items()))
    say()
    if not result.unsupported:
        say(f"the target {target.name} can run all of it", "green")
        return 0
    for group in grouped(result.unsupported):
        say(f"{group.op}: {group.reason}", "red")
        if group.advice:
            say(f"  {group.advice}")
        say(f"  {len(group.nodes)} node(s): {', '.join(group.nodes)}")
    say()
    say(f"the target {target.name} can't run {len(result.unsupported)} node(s)", "red")
    return 1
