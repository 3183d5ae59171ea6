"""``edgec run``: what a bundle sees in image files."""

from __future__ import annotations

import argparse
from pathlib import Path
import time
from typing import Any, TYPE_CHECKING

from edge_compiler.commands import add_bundle, add_command, add_json, add_threads
from edge_compiler.errors import CompileError
from edge_compiler.terminal import say, say_json

if TYPE_CHECKING:
    from edge_compiler.commands import Commands
    from edge_perception.decode import Decode, Tensors
    from edge_perception.runtime.manifest import Model


def register(commands: Commands) -> None:
    """Add the parser."""
    parser = add_command(commands, "run", "run a bundle on image files", run)
    add_bundle(parser)
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="an image file")
    parser.add_argument("--top", type=int, metavar="N", help="classes to show (default: bundle's)")
    add_threads(parser)
    add_json(parser)
    parser.set_defaults(usage_error=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Print labels and scores of each image, or what the outputs look like."""
    from edge_compiler.running import is_native, open_model
    from edge_compiler.samples import read_image
    from edge_perception.runtime import read_manifest

    if arguments.top is not None and arguments.top < 1:
        arguments.usage_error("--top must be at least 1")
    manifest = read_manifest(arguments.bundle)
    model, results = manifest.model, []
    if model.preprocess is None:
        raise CompileError(
            f"{arguments.bundle} has no pre-processing, so it can't be run on images; compile "
            "it again with --preprocess FILE.json"
        )
    decoder = _decoder(model, arguments.top)
    native = is_native(model.target)  # else it is emulated, and takes a time that says nothing
    with open_model(arguments.bundle, manifest, arguments.threads) as loaded:
        for path in arguments.images:
            frame = read_image(path)
            start = time.perf_counter()
            outputs = loaded.run_image(frame, "rgb8")
            milliseconds = (time.perf_counter() - start) * 1e3 if native else None
            result = {"image": str(path), "milliseconds": milliseconds}
            height, width = frame.shape[:2]
            results.append(result | _interpret(outputs, decoder, (width, height)))
            if not arguments.json:
                _print(results[-1])
    if arguments.json:
        say_json(results)
    return 0


def _decoder(model: Model, top: int | None) -> Decode | None:
    """Return what finds the classes in the outputs of a classification; None for other models."""
    from edge_perception import decode

    if model.decoder.kind != "classification":
        return None
    return decode.make(model, decode.Options(top=top or 0))


def _interpret(outputs: Tensors, decoder: Decode | None, size: tuple[int, int]) -> dict[str, Any]:
    """Return the best classes of a classification, else the range of each output."""
    if decoder is None:
        ranges = {
            name: {
                "shape": list(array.shape),
                "minimum": float(array.min()),
                "maximum": float(array.max()),
            }
            for name, array in outputs.items()
        }
        return {"outputs": ranges}
    found = decoder(outputs, size)
    classes = [
        {"class": int(index), "label": label, "score": float(score)}
        for index, label, score in zip(found.classes, found.labels, found.scores, strict=True)
    ]
    return {"classes": classes}


def _print(result: dict[str, Any]) -> None:
    milliseconds = result["milliseconds"]
    took = "emulated" if milliseconds is None else f"{milliseconds:.1f} ms"
    say(f"{result['image']}  ({took})", "bold")
    for entry in result.get("classes", ()):
        say(f"  {entry['score']:.3f}  {entry['label']} ({entry['class']})")
    for name, output in result.get("outputs", {}).items():
        shape = " x ".join(map(str, output["shape"]))
        say(f"  {name}: {shape}, {output['minimum']:.4g} to {output['maximum']:.4g}")
