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
    from edge_perception.decode import Decode, Tensors
    from edge_perception.runtime.manifest import Model
    from edge_perception.runtime.parser import Commands


def register(commands: Commands) -> None:
    """Add the parser."""
    parser = add_command(commands, "run", "run a bundle on image files", run)
    add_bundle(parser)
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="an image file")
    parser.add_argument("--top", type=int, metavar="N", help="things to show (default: bundle's)")
    parser.add_argument(
        "--min-score", type=float, metavar="S", help="least score, 0 to 1 (default: bundle's)"
    )
    parser.add_argument(
        "--draw", type=Path, metavar="OUT.png", help="draw what is seen into a copy of the image"
    )
    add_threads(parser)
    add_json(parser)
    parser.set_defaults(usage_error=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Print what is seen in each image, or what the outputs look like."""
    from edge_compiler.running.bundle import is_native, open_model
    from edge_compiler.running.drawing import draw
    from edge_compiler.running.seen import entries
    from edge_compiler.samples.images import read_image
    from edge_perception.runtime import read_manifest

    _check(arguments)
    manifest = read_manifest(arguments.bundle)
    model, results = manifest.model, []
    if model.preprocess is None:
        raise CompileError(
            f"{arguments.bundle} has no pre-processing, so it can't be run on images; compile "
            "it again with --preprocess FILE.json"
        )
    decoder = _decoder(model, arguments)
    native = is_native(model.target)  # else it is emulated, and takes a time that says nothing
    with open_model(arguments.bundle, manifest, arguments.threads) as loaded:
        for path in arguments.images:
            frame = read_image(path)
            start = time.perf_counter()
            outputs = loaded.run_image(frame, "rgb8")
            milliseconds = (time.perf_counter() - start) * 1e3 if native else None
            result: dict[str, Any] = {"image": str(path), "milliseconds": milliseconds}
            if decoder is None:
                result["outputs"] = _ranges(outputs)
            else:
                height, width = frame.shape[:2]
                found = decoder(outputs, (width, height))
                result["detections"] = entries(found)
                if arguments.draw:
                    draw(frame, found, arguments.draw)
            results.append(result)
            if not arguments.json:
                _print(result)
    if arguments.json:
        say_json(results)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    if arguments.top is not None and arguments.top < 1:
        arguments.usage_error("--top must be at least 1")
    if arguments.min_score is not None and not 0 <= arguments.min_score <= 1:
        arguments.usage_error("--min-score must be from 0 to 1")
    if arguments.draw and len(arguments.images) > 1:
        arguments.usage_error("--draw takes a single image")
    if arguments.draw and arguments.draw.suffix.lower() not in (".jpg", ".jpeg", ".png"):
        arguments.usage_error("--draw writes a PNG or a JPEG: give a name such as seen.png")


def _decoder(model: Model, arguments: argparse.Namespace) -> Decode | None:
    """Return what the outputs mean; None if nobody knows."""
    from edge_perception import decode

    if model.decoder.kind == "tensors":
        if arguments.draw:
            raise CompileError(
                f"what the outputs of {model.name} mean is not known, so there is nothing to "
                "draw; compile it again with --decoder"
            )
        return None
    options = decode.Options(arguments.min_score or 0.0, arguments.top or 0)
    return decode.make(model, options)


def _ranges(outputs: Tensors) -> dict[str, Any]:
    """Return shape and range of each output."""
    return {
        name: {
            "shape": list(array.shape),
            "minimum": float(array.min()),
            "maximum": float(array.max()),
        }
        for name, array in outputs.items()
    }


def _print(result: dict[str, Any]) -> None:
    from edge_compiler.running.seen import lines

    milliseconds = result["milliseconds"]
    took = "emulated" if milliseconds is None else f"{milliseconds:.1f} ms"
    say(f"{result['image']}  ({took})", "bold")
    if "detections" in result:
        for line in lines(result["detections"]):
            say(line)
    for name, output in result.get("outputs", {}).items():
        shape = " x ".join(map(str, output["shape"]))
        say(f"  {name}: {shape}, {output['minimum']:.4g} to {output['maximum']:.4g}")
