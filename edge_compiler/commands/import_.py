"""``edgec import``: find out what a model of one's own needs, and write it into an ONNX file."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any, TYPE_CHECKING

from edge_compiler.commands import (
    add_command,
    add_description,
    add_json,
    add_model,
    add_shape,
    said_description,
)
from edge_compiler.errors import CompileError
from edge_compiler.terminal import note, say, say_json

if TYPE_CHECKING:
    from edge_compiler.description.describe import Description
    from edge_compiler.importing.conventions import Guess
    from edge_compiler.ir.graph import Graph
    from edge_perception.runtime.manifest import Decoder
    from edge_perception.runtime.parser import Commands

_SHOWN = 5  # labels


def register(commands: Commands) -> None:
    """Add the parser."""
    parser = add_command(
        commands,
        "import",
        "guess pre-processing, labels and decoder of a model, and write it with them as ONNX",
        run,
    )
    add_model(parser)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="OUT.onnx", help="the copy (default: only show)"
    )
    parser.add_argument(
        "--image", type=Path, metavar="FILE", help="a picture, to show what is seen in it"
    )
    parser.add_argument(
        "--draw", type=Path, metavar="OUT.png", help="draw that into a copy of the picture"
    )
    parser.add_argument(
        "--constant",
        type=_constant,
        action="append",
        default=[],
        metavar="NAME=16000",
        help="give an input this value for good, such as a sampling rate that the model asks for; "
        "may be given for several inputs",
    )
    parser.add_argument(
        "--outputs",
        type=lambda text: text.split(","),
        default=[],
        metavar="NAME,NAME",
        help="end at these tensors: before operators that yield as much as they find, say",
    )
    add_shape(parser)
    add_description(parser)
    add_json(parser)
    parser.set_defaults(usage_error=parser.error)


def _constant(text: str) -> tuple[str, tuple[float, ...]]:
    name, _, numbers = text.rpartition("=")
    try:
        values = tuple(float(number) for number in numbers.split(","))
    except ValueError:
        values = ()
    if not name or not values:
        raise argparse.ArgumentTypeError(f"{text!r} is no constant; expected NAME=16000")
    return name, values


def run(arguments: argparse.Namespace) -> int:
    """Show what is guessed and why, try it, and write it."""
    from edge_compiler.frontend.read import read_model
    from edge_compiler.frontends import as_onnx
    from edge_compiler.importing.constant_inputs import with_constants
    from edge_compiler.importing.other_outputs import with_outputs
    from edge_compiler.importing.suppression import decoder_before

    if arguments.draw and not arguments.image:
        arguments.usage_error("--draw needs --image")
    if arguments.constant and not arguments.output:
        arguments.usage_error("--constant needs -o, a copy of the model to write it into")
    if arguments.outputs and not arguments.output:
        arguments.usage_error("--outputs needs -o, a copy of the model that ends there")
    constants = dict(arguments.constant)
    with (
        as_onnx(arguments.model) as file,
        with_outputs(file, arguments.outputs, arguments.output) as shorter,
        with_constants(shorter, constants, arguments.output) as model,
    ):
        origin = {} if file == arguments.model else {"source": file.name}
        ended = decoder_before(read_model(file), arguments.outputs) if arguments.outputs else None
        return _import(model, arguments, origin, ended)


def _import(
    model: Path, arguments: argparse.Namespace, origin: Mapping[str, str], ended: Decoder | None
) -> int:
    """
    Show what is guessed and why, try it, and write it.

    :param model: the ONNX file, with its inputs that are constants.
    :param origin: what the copy says, beside what the file does, of where it comes from.
    :param ended: what the outputs mean if the model ends before its own choice of boxes.
    """
    from edge_compiler import frontend
    from edge_compiler.description.metadata import copy_with, metadata_of
    from edge_compiler.importing.conventions import complete

    overrides = said_description(arguments)
    graph = frontend.load(model, dict(arguments.shape), dict(arguments.shape_of))
    described, guesses = complete(graph, model, overrides, ended)
    seen = _look(arguments, model, graph, described) if arguments.image else None
    metadata = metadata_of(
        preprocess=described.preprocess,
        labels=described.labels,
        decoder=None if described.decoder.because else described.decoder,
        provenance={
            **origin,
            **{key: text for key, text in described.provenance.items() if key != "file"},
        },
    )
    if arguments.output:
        copy_with(model, metadata, arguments.output)
    if arguments.json:
        guessed = {guess.key: guess.because for guess in guesses}
        values = {key: json.loads(text) for key, text in metadata.items()}
        say_json({"metadata": values, "guessed": guessed, "detections": seen})
    else:
        _print(described, guesses, seen)
    if arguments.output:
        note(f"written: {arguments.output}; next: edgec compile {arguments.output} -o OUT.edge")
    return 0


def _look(
    arguments: argparse.Namespace, model: Path, graph: Graph, described: Description
) -> list[dict[str, Any]]:
    """Return what is seen in the picture, and draw it."""
    from edge_compiler.running.drawing import draw
    from edge_compiler.running.preview import preview
    from edge_compiler.running.seen import entries
    from edge_compiler.samples.images import read_image

    if described.preprocess is None:
        raise CompileError(
            f"{arguments.model} takes no camera image, so nothing can be seen in {arguments.image}"
        )
    frame = read_image(arguments.image)
    found = preview(model, graph, described, frame)
    if arguments.draw:
        draw(frame, found, arguments.draw)
    return entries(found)


def _print(
    described: Description, guesses: list[Guess], seen: list[dict[str, Any]] | None
) -> None:
    from edge_compiler.frontends import LEFT_OUT
    from edge_compiler.running.seen import lines

    because = {guess.key: guess.because for guess in guesses}
    decoder, labels = described.decoder, described.labels
    shown = ", ".join(labels[:_SHOWN]) + (" ..." if len(labels) > _SHOWN else "")
    for name, key, value in (
        ("frames", "edge.preprocess", str(described.preprocess or "none")),
        ("labels", "edge.labels", f"{len(labels)}: {shown}" if labels else "none"),
        ("decoder", "edge.decoder", str(decoder)),
    ):
        reason = because.get(key, "" if value == "none" else "as you or the file say")
        if key == "edge.decoder" and decoder.because:
            reason = decoder.because
        say(f"  {name:<9}{value}" + (f"  ({reason})" if reason else ""))
    if left_out := described.provenance.get(LEFT_OUT):
        note(f"of what the file says of itself this is left out: {left_out}")
    if decoder.kind == "tensors":
        note("what the outputs mean is not known; say it with --decoder (see docs/decoders.md)")
    elif seen is not None:
        for line in lines(seen):
            say(line)
