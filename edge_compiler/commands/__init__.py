"""
The commands of edgec, one module each, and the options that several of them have.

A module has ``register(commands)``, which adds the command's parser, and ``run(arguments)``, which
does it and returns the exit code. What is slow to import is imported in ``run``: tab completion
and ``--help`` build all parsers and run none. Options of models that become smaller stand in
``smaller.py``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from edge_perception.runtime import parser as parsers
from edge_perception.runtime.parser import Commands

if TYPE_CHECKING:
    from edge_compiler.description.describe import Overrides

Run = Callable[[argparse.Namespace], int]


def add_command(commands: Commands, name: str, summary: str, run: Run) -> argparse.ArgumentParser:
    """Add a command; ``summary`` is a clause that says what it does."""
    parser = parsers.add_command(commands, name, summary)
    parser.set_defaults(run=run)
    return parser


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add ``--target``."""
    parser.add_argument(
        "--target",
        default="host",
        metavar="NAME",
        help="what to compile for: a machine that edgec doctor lists, or another target of "
        "docs/cli.md (default: host)",
    ).completer = _complete_target  # type: ignore[attr-defined]  # argcomplete looks for it


def _complete_target(**_: object) -> list[str]:
    from edge_compiler import targets

    return targets.names()


def complete_toolchains(**_: object) -> list[str]:
    """Return the names of the toolchains."""
    from edge_compiler.toolchain import TOOLCHAINS

    return [tools.name for tools in TOOLCHAINS]


def add_shape(parser: argparse.ArgumentParser) -> None:
    """Add ``--shape`` and ``--shape-of``."""
    parser.add_argument(
        "--shape",
        type=_shape,
        action="append",
        default=[],
        metavar="NAME=1,3,224,224",
        help="shape of an input, instead of the file's; may be given for several inputs",
    )
    parser.add_argument(
        "--shape-of",
        type=_dimension,
        action="append",
        default=[],
        metavar="batch=1",
        help="size of a dimension that the file only names, at all inputs that have it",
    )


def _shape(text: str) -> tuple[str, tuple[int, ...]]:
    name, _, numbers = text.rpartition("=")  # names of inputs may contain "="
    try:
        shape = tuple(int(number) for number in numbers.split(","))
    except ValueError:
        shape = ()
    if not name or not shape or min(shape) < 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no shape; expected NAME=1,3,224,224 with dimensions of at least 1"
        )
    return name, shape


def _dimension(text: str) -> tuple[str, int]:
    name, _, number = text.rpartition("=")
    if not name or not number.isdecimal() or int(number) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; expected NAME=1 or more")
    return name, int(number)


def add_description(parser: argparse.ArgumentParser) -> None:
    """Add what the user can say of a model: ``--preprocess``, ``--labels``, ``--decoder``."""
    parser.add_argument(
        "--preprocess",
        type=Path,
        metavar="FILE.json",
        help="how camera frames become the input, instead of the model's metadata",
    )
    parser.add_argument(
        "--labels", type=Path, metavar="FILE", help="names of the classes, one a line"
    )
    parser.add_argument(
        "--decoder",
        metavar="KIND|FILE.json",
        help="what the outputs mean, instead of the model's metadata: a kind such as yolo, or a "
        "file with kind and parameters",
    ).completer = _complete_decoder  # type: ignore[attr-defined]  # of argcomplete


def said_description(arguments: argparse.Namespace, name: str | None = None) -> Overrides:
    """
    Read what the user says of a model.

    :param name: of the model; None: that of its file.
    :raises CompileError: if a file can't be read or is wrong.
    """
    from edge_compiler.description.describe import read_overrides

    return read_overrides(name, arguments.preprocess, arguments.labels, arguments.decoder)


def _complete_decoder(**_: object) -> tuple[str, ...]:
    from edge_perception.decode import KINDS

    return KINDS


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the positional ``model``."""
    parser.add_argument(
        "model",
        type=Path,
        help="the model's file: ONNX, or another format (see docs/frontends.md)",
    )


def add_bundle(parser: argparse.ArgumentParser) -> None:
    """Add the positional ``bundle``."""
    parser.add_argument("bundle", type=Path, metavar="OUT.edge", help="the bundle")


def add_threads(parser: argparse.ArgumentParser) -> None:
    """Add ``--threads``."""
    parser.add_argument(
        "--threads",
        type=int,
        default=0,
        metavar="N",
        help="threads to run with (default: one per processor)",
    )
