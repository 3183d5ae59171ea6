"""
The commands of edgec, one module each.

A module has ``register(commands)``, which adds the command's parser, and ``run(arguments)``, which
does it and returns the exit code. What is slow to import is imported in ``run``: tab completion
and ``--help`` build all parsers and run none.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_command(
    commands: Commands, name: str, summary: str, run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    """Add a command; ``summary`` is a clause that says what it does."""
    sentence = f"{summary[0].upper()}{summary[1:]}."
    parser = commands.add_parser(name, help=summary, description=sentence)
    parser.set_defaults(run=run)
    return parser


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
