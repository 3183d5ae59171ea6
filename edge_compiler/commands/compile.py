"""``edgec compile``: from a model to a proven bundle."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edge_compiler.commands import (
    add_command,
    add_description,
    add_json,
    add_model,
    add_shape,
    add_target,
    said_description,
)
from edge_compiler.commands.smaller import (
    add_prune,
    add_quantisation,
    takes_bags,
    wanted_pruning,
    wanted_quantisation,
)
from edge_compiler.terminal import progress, say_json

if TYPE_CHECKING:
    from edge_compiler.compile import Options
    from edge_compiler.precision.half import Rounding
    from edge_compiler.precision.network import Wanted
    from edge_compiler.pruning.network import Wanted as WantedPruning
    from edge_perception.runtime.parser import Commands

MOST_THREADS = 64


def register(commands: Commands) -> None:
    """Add the parser."""
    parser = add_command(
        commands, "compile", "compile a model into a bundle and prove it right", run
    )
    add_model(parser)
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT.edge", help="the bundle to write"
    )
    add_target(parser)
    add_shape(parser)
    parser.add_argument(
        "--precision",
        choices=("float32", "half", "int8", "auto"),
        default="float32",
        help="of layers: half has weights of float16; int8 needs --calibration, auto is int8 as "
        "far as --max-drop allows (default: float32)",
    )
    add_quantisation(parser, "; pictures prove the library, too")
    add_prune(parser)
    add_description(parser)
    parser.add_argument("--name", help="of the model (default: that of the file)")
    parser.add_argument(
        "--keep-source",
        action="store_true",
        help="keep the generated C in the bundle, and the model in its precision as model.onnx",
    )
    parser.add_argument(
        "--tune",
        action="store_true",
        help="measure kernels on this machine and take the fastest (minutes; kept for next time)",
    )
    parser.add_argument(
        "--tune-threads",
        type=_threads,
        default=1,
        metavar="N",
        help="threads that the network will run with (default: 1)",
    )
    place = parser.add_argument(
        "--place",
        type=_place,
        action="append",
        default=[],
        metavar="NODE=BACKEND",
        help="run a node on our kernels (c) or on another back end of the target, such as Arm "
        "Compute Library (acl); NODE may be 'all', for all that can run there; repeat for more",
    )
    place.completer = _complete_place  # type: ignore[attr-defined]
    parser.add_argument(
        "--sign", type=Path, metavar="NAME.key", help="sign the bundle with this secret key"
    )
    parser.add_argument(
        "--pack", action="store_true", help="write the bundle into one file, as edgec pack does"
    )
    add_json(parser)
    parser.set_defaults(usage_error=parser.error)


def _place(text: str) -> tuple[str, str]:
    """Parse NODE=BACKEND; a node's name may have equals signs in it."""
    node, _, backend = text.rpartition("=")
    if not node or not backend:
        raise argparse.ArgumentTypeError(f"{text!r}: expected NODE=BACKEND, such as conv1=c")
    return node, backend


def _complete_place(prefix: str, parsed_args: argparse.Namespace, **_unused: object) -> list[str]:
    """Complete the names of the model's nodes, and of the target's back ends."""
    from edge_compiler import targets
    from edge_compiler.frontend.read import read_model
    from edge_compiler.frontends import as_onnx

    try:
        with as_onnx(Path(parsed_args.model)) as model:
            nodes = read_model(model).graph.node
        backends = [backend.name for backend in targets.get(parsed_args.target).backends]
    except Exception:  # whatever is wrong with the model, there is nothing to complete
        return []
    names = ["all", *(node.name for node in nodes if node.name)]
    return [f"{name}={backend}" for name in names for backend in backends]


def _threads(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_THREADS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {MOST_THREADS}")
    return int(text)


def _quantisation(arguments: argparse.Namespace) -> Wanted | None:
    if arguments.precision in ("float32", "half"):
        for name in ("equalise", "reduce_range"):
            if getattr(arguments, name):
                option = name.replace("_", "-")
                arguments.usage_error(f"--{option} needs --precision int8 or auto")
        return None
    if arguments.precision == "auto" and arguments.max_drop is None:
        arguments.usage_error("--precision auto needs --max-drop: how much worse it may be")
    return wanted_quantisation(arguments)


def _rounding(arguments: argparse.Namespace) -> Rounding | None:
    """Return how weights shall be rounded; that is measured on what calibrates, if need be."""
    from edge_compiler.precision.half import Rounding

    asked = arguments.max_drop is not None or arguments.validation is not None
    if arguments.precision == "float32" and asked and arguments.prune is None:
        arguments.usage_error(
            "--max-drop and --validation need --precision half, int8 or auto, or --prune"
        )
    if arguments.precision != "half":
        return None
    samples = arguments.validation or arguments.calibration
    if samples is None and arguments.max_drop is not None:
        arguments.usage_error("--max-drop needs samples: add --validation or --calibration")
    return Rounding(samples, arguments.max_drop)


def _pruning(arguments: argparse.Namespace) -> WantedPruning | None:
    if arguments.prune is not None and arguments.precision != "float32":
        arguments.usage_error(
            "--prune and --precision have a budget each: write the smaller model with edgec "
            "prune, and compile that"
        )
    return wanted_pruning(arguments)


def _seal(key: Path | None) -> Callable[[Path], None] | None:
    """Return what signs the bundle; a password is asked for now, before it takes minutes."""
    if key is None:
        return None
    from edge_compiler.signing.secret import known_password, read_secret
    from edge_compiler.signing.sign import sign_bundle

    secret = read_secret(key, partial(known_password, key))
    return lambda bundle: sign_bundle(bundle, secret)


def _options(arguments: argparse.Namespace) -> Options:
    """Return what was chosen."""
    from edge_compiler.compile import Options
    from edge_compiler.targets.base import BuildOptions

    return Options(
        target=arguments.target,
        shapes=dict(arguments.shape),
        dimensions=dict(arguments.shape_of),
        overrides=said_description(arguments, arguments.name),
        calibration=arguments.calibration,
        pruning=_pruning(arguments),
        rounding=_rounding(arguments),
        quantisation=_quantisation(arguments),
        float_over_budget=arguments.precision == "auto",
        keep_source=arguments.keep_source,
        seal=_seal(arguments.sign),
        build=BuildOptions(
            tune_threads=arguments.tune_threads if arguments.tune else 0,
            places=dict(arguments.place),
        ),
    )


@takes_bags
def run(arguments: argparse.Namespace) -> int:
    """Compile, and print what came out."""
    from edge_compiler.commands import outcome
    from edge_compiler.compile import compile_model
    from edge_perception.runtime.contents import read_record
    from edge_perception.runtime.packing import pack

    bundle, options = arguments.output, _options(arguments)
    with progress() as show:
        manifest = compile_model(arguments.model, bundle, options, show)
    if arguments.pack:
        pack(bundle, bundle)
    speed = read_record(bundle).speed
    if arguments.json:
        say_json(outcome.as_json(bundle, manifest, speed))
        return 0
    over_budget = ""
    if manifest.accuracy is None and arguments.precision == "auto":
        over_budget = f"float32, as no layer in integers is within {arguments.max_drop:.2%}"
    outcome.show(arguments.model, bundle, manifest, speed, over_budget)
    return 0
