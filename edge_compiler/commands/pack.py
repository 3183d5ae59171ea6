"""``edgec pack``: a bundle in one file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edge_compiler.commands import add_bundle, add_command, add_json
from edge_compiler.terminal import say, say_json
from edge_compiler.units import size

if TYPE_CHECKING:
    from edge_perception.runtime.parser import Commands


def register(commands: Commands) -> None:
    """Add the parser."""
    parser = add_command(
        commands, "pack", "write a bundle into one file, which robots load as it is", run
    )
    add_bundle(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE.edge",
        help="the file, which unzip can unpack",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Pack it."""
    from edge_perception.runtime.packing import pack

    contents = pack(arguments.bundle, arguments.output)
    total = arguments.output.stat().st_size
    if arguments.json:
        say_json({"bundle": str(arguments.output), "bytes": total, "signed": contents.is_signed})
        return 0
    if not contents.is_signed:
        say("signature: none; edgec sign can still sign it")
    say(f"written: {arguments.output}, {size(total)}", "bold green")
    return 0
