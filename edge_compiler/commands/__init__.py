"""
The commands of edgec, one module each.

A module has ``register(commands)``, which adds the command's parser, and ``run(arguments)``, which
does it and returns the exit code. What is slow to import is imported in ``run``: tab completion
and ``--help`` build all parsers and run none.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_compiler.precision.network import Wanted

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_WITHOUT_TOOLCHAIN = ("aarch64-tensorrt", "c99", "tensorrt")
"""The targets that have no toolchain of their own."""


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


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add ``--target``."""
    parser.add_argument(
        "--target",
        default="host",
        metavar="NAME",
        help="machine to compile for: one that edgec doctor lists, c99, tensorrt or "
        "aarch64-tensorrt (default: host)",
    ).completer = complete_targets  # type: ignore[attr-defined]  # argcomplete looks for it


def complete_targets(**_: object) -> list[str]:
    """Return the names of the targets; the toolchains, which most of them have, load sooner."""
    from edge_compiler.toolchain import TOOLCHAINS

    return [*(tools.name for tools in TOOLCHAINS), *_WITHOUT_TOOLCHAIN]


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
    ).completer = _complete_decoder  # type: ignore[attr-defined]


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


def add_quantisation(parser: argparse.ArgumentParser, otherwise: str = "") -> None:
    """
    Add what quantisation needs: ``--calibration``, ``--max-drop`` and so on.

    :param otherwise: what calibration data serves for without it.
    """
    parser.add_argument(
        "--calibration",
        type=Path,
        metavar="DIR|FILE.npz",
        help="your own pictures, or tensors of the inputs, to take the ranges of numbers from"
        + otherwise,
    )
    parser.add_argument(
        "--calibration-method",
        choices=("minmax", "percentile", "mse"),
        default="mse",
        help="how ranges follow from them (default: mse, what differs least once it is rounded)",
    )
    parser.add_argument(
        "--validation",
        type=Path,
        metavar="DIR|FILE",
        help="what to measure the accuracy on (default: what calibrates): pictures, in a folder "
        "for each class if you know them, a FILE.csv of pictures and classes, or a FILE.npz",
    )
    parser.add_argument(
        "--max-drop",
        type=_percentage,
        metavar="1%",
        help="by how much it may be worse than in float32: the worst layers stay float32",
    )
    parser.add_argument(
        "--equalise",
        action="store_true",
        help="scale channels between layers to like ranges before they become 8 bits, which does "
        "not change the float model",
    )
    parser.add_argument(
        "--reduce-range",
        action="store_true",
        help="weights of 7 bits: faster on processors with AVX2 or AVX-512 but without VNNI",
    )


def _percentage(text: str) -> float:
    """Return a percentage as a share."""
    try:
        share = float(text.removesuffix("%")) / 100
    except ValueError:
        share = -1.0
    if not text.endswith("%") or not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage such as 1%")
    return share


def wanted_quantisation(arguments: argparse.Namespace) -> Wanted:
    """
    Return how a model shall be quantised.

    :raises CompileError: if there is nothing to calibrate it with.
    """
    from edge_compiler.errors import CompileError
    from edge_compiler.precision.network import Wanted

    if arguments.calibration is None:
        raise CompileError(
            "int8 needs the ranges that numbers have on pictures like those that the robot will "
            "see: add --calibration with a folder of them, or with a .npz file of tensors"
        )
    return Wanted(
        arguments.calibration,
        arguments.calibration_method,
        arguments.validation,
        arguments.max_drop,
        arguments.equalise,
        arguments.reduce_range,
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
