"""``edgec quantise``: write a model that computes in integers, as an ONNX file."""

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
from edge_compiler.commands.smaller import add_quantisation, takes_bags, wanted_quantisation
from edge_compiler.terminal import progress, say, say_json

if TYPE_CHECKING:
    from edge_perception.runtime.parser import Commands


def register(commands: Commands) -> None:
    """Add the parser."""
    parser = add_command(
        commands, "quantise", "write a copy of a model that computes in integers of 8 bits", run
    )
    add_model(parser)
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT.onnx", help="the file to write"
    )
    add_quantisation(parser)
    add_shape(parser)
    add_description(parser)
    add_json(parser)


@takes_bags
def run(arguments: argparse.Namespace) -> int:
    """Quantise, and print what computes in integers."""
    from edge_compiler.frontends import as_onnx
    from edge_compiler.precision.network import quantise_file, Source
    from edge_perception.runtime.schema import encode

    wanted = wanted_quantisation(arguments)
    overrides = said_description(arguments)
    with progress() as show, as_onnx(arguments.model) as model:
        source = Source(model, dict(arguments.shape), dict(arguments.shape_of), overrides)
        quantised = quantise_file(source, arguments.output, wanted, show)
    if arguments.json:
        say_json({"model": str(arguments.output), "accuracy": encode(quantised.accuracy)})
        return 0
    say(f"accuracy: {quantised.accuracy}")
    for node, reason in quantised.kept_layers.items():
        say(f"  {node} stays float32: {reason}")
    say(f"written: {arguments.output}", "bold green")
    return 0
