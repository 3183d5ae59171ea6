"""
Whether integers are the same bytes everywhere: `python -m bench.digests`.

The trained SqueezeNet 1.1 in integers runs on photographs with every instruction set that its
libraries for this machine, aarch64 and armv7 have code for and that this machine or the emulated
processor can run. Printed is the SHA-256 of all bytes that its last layer in integers yields.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
import sys
import tempfile

import onnx

from bench.cache import BenchError
from bench.command import add_choice, positive, run
from bench.engines import ROOT
from bench.pictures import pictures
from bench.record import circumstances, fill, write
from edge_compiler import frontend, passes, targets
from edge_compiler.description.describe import describe, Description, Overrides
from edge_compiler.export import export
from edge_compiler.precision import samples
from edge_compiler.precision.assign import assign
from edge_compiler.precision.bias import bias_errors
from edge_compiler.precision.calibrate import calibrate, MSE
from edge_compiler.precision.quantise import quantise
from edge_compiler.precision.samples import Samples
from edge_compiler.progress import Progress
from edge_compiler.terminal import progress, say_table
from edge_compiler.zoo import fetch, MODELS

RESULTS = ROOT / "bench" / "results" / "digests.json"
README = ROOT / "bench" / "README.md"
BEGIN, END = "<!-- printed by bench.digests -->\n", "<!-- end of what bench.digests prints -->\n"
NETWORK = "squeezenet1.1"
TARGETS = ("host", "aarch64", "armv7")
PICTURES, CALIBRATING = 200, 32


def integer_model(show: Progress, count: int) -> tuple[onnx.ModelProto, Samples]:
    """Return the network up to its last layer in integers, and so many pictures as its input."""
    model = fetch(MODELS[NETWORK], show)
    graph = frontend.load(model)
    preprocess = describe(graph, model, Overrides()).preprocess
    assert preprocess is not None, "it sees pictures"
    chosen = pictures(show)[:count]
    if len(chosen) < count:
        raise BenchError(f"there are {len(chosen)} photographs, not {count}")
    few = samples.pictures(chosen[:: max(1, count // CALIBRATING)], graph, preprocess)
    every = samples.pictures(chosen, graph, preprocess)
    passes.optimise(graph, fuse=False)
    ranges, errors = calibrate(graph, few, MSE, show), bias_errors(graph, few, show)
    return until_bytes(export(quantise(graph, ranges, assign(graph), errors))), every


def until_bytes(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a quantised model that ends with the last bytes that it computes."""
    last = [node for node in model.graph.node if node.op_type == "QuantizeLinear"][-1]
    shaped = onnx.shape_inference.infer_shapes(model)
    [value] = [info for info in shaped.graph.value_info if info.name == last.output[0]]
    del model.graph.output[:]
    model.graph.output.append(value)
    return model


def digests(
    model: Path, every: Samples, target: str, folder: Path, show: Progress
) -> dict[str, str]:
    """Return what the outputs of all samples have as SHA-256, by the instruction set."""
    graph, chosen = frontend.load(model), targets.get(target)
    passes.optimise(graph)
    folder.mkdir()
    built = chosen.build(graph, Description("digests", ""), folder, lambda *_: None)
    found = {}
    with chosen.sandbox(folder / "model.so") as sandbox:
        for variant in sandbox.variants(built):
            digest = sha256()
            for number, sample in enumerate(every):
                show(f"{target}, {variant}", number, len(every))
                [output] = sandbox.run(variant, 1, sample).values()
                digest.update(output.tobytes())
            found[variant] = digest.hexdigest()
    return found


def publish(found: Mapping[str, Mapping[str, str]], page: Path) -> None:
    """Put the table into a page."""
    lines = ["| target | instruction set | SHA-256 |", "| --- | --- | --- |"]
    for target, each in found.items():
        lines += (f"| {target} | {variant} | `{digest}` |" for variant, digest in each.items())
    fill(page, BEGIN, END, "".join(f"{line}\n" for line in lines))


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status: 1 if bytes differ."""
    parser = argparse.ArgumentParser(prog="python -m bench.digests", description=__doc__)
    add_choice(parser, "--targets", TARGETS)
    parser.add_argument("--pictures", type=positive, default=PICTURES, help="default: %(default)s")
    given = parser.parse_args(arguments)
    return run(lambda: _run(given))


def _run(given: argparse.Namespace) -> int:
    found: dict[str, dict[str, str]] = {}
    with progress() as show, tempfile.TemporaryDirectory() as scratch:
        proto, every = integer_model(show, given.pictures)
        path = Path(scratch) / "model.onnx"
        onnx.save(proto, path)
        for target in given.targets:
            found[target] = digests(path, every, target, Path(scratch) / target, show)
    rows = [(target, variant, x) for target, each in found.items() for variant, x in each.items()]
    say_table(("target", "instruction set", f"SHA-256 of {given.pictures} outputs"), rows)
    whole = set(given.targets) == {*TARGETS} and given.pictures >= PICTURES
    target = RESULTS if whole else ROOT / "build" / "bench" / "digests.json"
    write(target, circumstances() | {"pictures": given.pictures, "digests": found})
    if whole:
        publish(found, README)
    if len({x for _, _, x in rows}) > 1:
        raise BenchError("the bytes differ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
