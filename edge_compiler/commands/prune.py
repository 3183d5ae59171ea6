"""``edgec prune``: write a model with fewer channels, as an ONNX file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edge_compiler.commands import (
    add_command,
    add_description,
    add_json,
    add_model,
    add_shape,
    said_description,
)
from edge_compiler.commands.smaller import add_prune, add_samples, takes_bags, wanted_pruning
from edge_compiler.terminal import note, progress, say, say_json

if TYPE_CHECKING:
    from edge_perception.runtime.parser import Commands


def register(commands: Commands) -> None:
    """Add the parser."""
    parser = add_command(commands, "prune", "write a copy of a model with fewer channels", run)
    add_model(parser)
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT.onnx", help="the file to write"
    )
    add_prune(parser, required=True)
    parser.add_argument(
        "--plan",
        type=Path,
        metavar="PLAN.json",
        help="write which channels of which weights go, for where the network is trained",
    )
    parser.add_argument(
        "--retrained",
        type=Path,
        metavar="FILE",
        help="the smaller network with weights that were trained since: check it, compare it with "
        "MODEL, and write it",
    )
    add_samples(
        parser, "your own pictures, or tensors of the inputs, to see which channels matter"
    )
    add_shape(parser)
    add_description(parser)
    add_json(parser)
    parser.set_defaults(usage_error=parser.error)


@takes_bags
def run(arguments: argparse.Namespace) -> int:
    """Prune, and print what is left."""
    from dataclasses import replace

    from edge_compiler.frontends import as_onnx
    from edge_compiler.precision.network import Source
    from edge_compiler.pruning.network import prune_file
    from edge_perception.runtime.schema import encode

    wanted = wanted_pruning(arguments)
    assert wanted is not None, "the option is required"
    wanted = replace(wanted, plan_output=arguments.plan, retrained=arguments.retrained)
    overrides = said_description(arguments)
    with progress() as show, as_onnx(arguments.model) as model:
        source = Source(model, dict(arguments.shape), dict(arguments.shape_of), overrides)
        pruning = prune_file(source, arguments.output, wanted, show).pruning
    if arguments.json:
        say_json({"model": str(arguments.output), "pruning": encode(pruning)})
        return 0
    say(f"pruned: {pruning}")
    for name, (left, all_) in pruning.layers.items():
        say(f"  {name}: {left} of {all_} channels")
    say(f"written: {arguments.output}", "bold green")
    if not pruning.retrained:
        note("most networks lose by this unless they are trained further: see docs/pruning.md")
    return 0
