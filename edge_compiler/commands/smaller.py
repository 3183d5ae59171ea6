"""Options of commands that make models smaller: samples to measure on, 8 bits, fewer channels."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

from edge_compiler.commands import Run

if TYPE_CHECKING:
    from edge_compiler.precision.network import Wanted
    from edge_compiler.pruning.network import Wanted as WantedPruning


def add_samples(parser: argparse.ArgumentParser, calibration: str) -> None:
    """
    Add ``--calibration``, ``--validation`` and ``--max-drop``.

    :param calibration: what that is and serves for.
    """
    parser.add_argument("--calibration", type=Path, metavar="DIR|BAG|FILE.npz", help=calibration)
    parser.add_argument(
        "--validation",
        type=Path,
        metavar="DIR|BAG|FILE",
        help="what to measure the accuracy on (default: what calibrates): pictures, in a folder "
        "for each class if you know them, a FILE.csv of pictures and classes, or a FILE.npz",
    )
    parser.add_argument(
        "--max-drop",
        type=_percentage,
        metavar="1%",
        help="by how much it may be worse than the float model as it is",
    )
    parser.add_argument(
        "--topic",
        metavar="/camera/image_raw",
        help="of the pictures, where samples are a bag with several topics of images",
    )


def takes_bags(run: Run) -> Run:
    """
    Let ``--calibration`` and ``--validation`` of a command name bags.

    While it runs, folders with the pictures of these take their places.
    """

    @wraps(run)
    def with_pictures(arguments: argparse.Namespace) -> int:
        from edge_compiler.errors import CompileError
        from edge_compiler.samples.recorded import as_pictures
        from edge_compiler.terminal import progress

        names = [name for name in ("calibration", "validation") if getattr(arguments, name)]
        if arguments.topic is not None and not names:
            raise CompileError("--topic is one of a bag with samples: add --calibration BAG")
        with ExitStack() as folders:
            with progress() as show:
                for name in names:
                    pictures = as_pictures(getattr(arguments, name), arguments.topic, show)
                    setattr(arguments, name, folders.enter_context(pictures))
            return run(arguments)

    return with_pictures


def add_quantisation(parser: argparse.ArgumentParser, otherwise: str = "") -> None:
    """
    Add what quantisation needs: ``--calibration``, ``--max-drop`` and so on.

    :param otherwise: what calibration data serves for without it.
    """
    add_samples(
        parser,
        "your own pictures, or tensors of the inputs, to take the ranges of numbers from"
        + otherwise,
    )
    parser.add_argument(
        "--calibration-method",
        choices=("minmax", "percentile", "mse"),
        default="mse",
        help="how ranges follow from them (default: mse, what differs least once it is rounded)",
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


def add_prune(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Add ``--prune``."""
    parser.add_argument(
        "--prune",
        type=_pruning,
        required=required,
        metavar="structured:30%|PLAN.json",
        help="remove whole channels: the least, until this share of the multiply-accumulates is "
        "gone, or those of a plan that edgec prune wrote",
    )


def wanted_pruning(arguments: argparse.Namespace) -> WantedPruning | None:
    """Return what shall be removed of a model; None: nothing."""
    from edge_compiler.pruning.network import Wanted

    if arguments.prune is None:
        return None
    by_plan = isinstance(arguments.prune, Path)
    samples = arguments.validation or arguments.calibration
    if samples is None and arguments.max_drop is not None:
        arguments.usage_error("--max-drop needs samples: add --validation or --calibration")
    return Wanted(
        share=None if by_plan else arguments.prune,
        plan=arguments.prune if by_plan else None,
        calibration=arguments.calibration,
        validation=arguments.validation,
        max_drop=arguments.max_drop,
    )


def _pruning(text: str) -> float | Path:
    """Return the share that shall go, or the file that says what."""
    how, _, share = text.partition(":")
    if how == "structured" and share and 0 < (part := _percentage(share)) < 1:
        return part
    if text.endswith(".json"):
        return Path(text)
    if text in ("2:4", "blocks"):
        raise argparse.ArgumentTypeError(
            f"{text!r}: zeros among the weights of a channel make no kernel faster that edgec "
            "has, see docs/pruning.md; remove whole channels with structured:30%"
        )
    raise argparse.ArgumentTypeError(f"{text!r}: expected structured:30% or a plan's file.json")


def _percentage(text: str) -> float:
    """Return a percentage as a share."""
    try:
        share = float(text.removesuffix("%")) / 100
    except ValueError:
        share = -1.0
    if not text.endswith("%") or not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage such as 1%")
    return share
