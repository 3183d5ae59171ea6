"""``edgec ops``: the operators that can be compiled."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from edge_compiler.commands import add_command, add_json, add_target
from edge_compiler.terminal import say, say_json, say_table

if TYPE_CHECKING:
    from edge_perception.runtime.parser import Commands


def register(commands: Commands) -> None:
    """Add the parser."""
    parser = add_command(commands, "ops", "list the ONNX operators that can be compiled", run)
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    add_target(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the operator table."""
    import onnx

    from edge_compiler import targets
    from edge_compiler.frontend.expand import expandable
    from edge_compiler.ir.graph import OPSET

    known = dict.fromkeys(expandable(), "Written as other operators.")
    known |= targets.get(arguments.target).support()
    rows = [
        (name, sentence)
        for name, sentence in sorted(known.items())
        if onnx.defs.has(name, OPSET, "")  # the others are made by passes
    ]
    if arguments.json:
        say_json([{"operator": name, "support": support} for name, support in rows])
    elif arguments.markdown:
        say("| operator | support |")
        say("|---|---|")
        for name, support in rows:
            say(f"| {name} | {support} |")
    else:
        say_table(("operator", "support"), rows)
    return 0
