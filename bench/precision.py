"""
What fewer bits cost trained networks: `python -m bench.precision`.

Networks of ``edgec fetch`` that see pictures are quantised on half of some photographs, by each
method and by onnxruntime.quantization, compiled in half precision, or pruned, and compared with
themselves in float32 on the other half. What was found stands in the file at once: networks may
be tried one by one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
import logging
from pathlib import Path
import sys
import tempfile
from typing import Any, TypeAlias

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    quantize_static,
    QuantType,
)

from bench.command import add_choice, run
from bench.engines import ROOT
from bench.pictures import pictures
from bench.precision_table import merge, publish, Row
from bench.record import commit
from edge_compiler import frontend, passes
from edge_compiler.compile import compile_model, Options
from edge_compiler.description.describe import describe, Description, Overrides
from edge_compiler.errors import CompileError
from edge_compiler.export import export
from edge_compiler.ir.graph import Graph
from edge_compiler.precision import samples
from edge_compiler.precision.assign import assign, ROLES
from edge_compiler.precision.bias import bias_errors
from edge_compiler.precision.budget import integer_share
from edge_compiler.precision.calibrate import calibrate, MINMAX, MSE
from edge_compiler.precision.half import Rounding
from edge_compiler.precision.histogram import METHODS
from edge_compiler.precision.judge import Judge, Score
from edge_compiler.precision.network import Source
from edge_compiler.precision.quantise import quantise
from edge_compiler.precision.samples import Samples
from edge_compiler.precision.scales import LARGEST_WEIGHT, REDUCED_WEIGHT
from edge_compiler.precision.session import Session
from edge_compiler.progress import Progress
from edge_compiler.pruning.network import prune_file, Wanted
from edge_compiler.terminal import note, progress, say_table
from edge_compiler.zoo import fetch, MODELS
from edge_perception.runtime.accuracy import Accuracy, HALF

RESULTS = ROOT / "bench" / "results" / "precision.json"
PAGE = ROOT / "docs" / "precision.md"
PEER = "onnxruntime"
"""Its quantiser, by the least and the largest number."""
REDUCED = "reduce-range"
"""The default method, with weights of 7 bits."""
SHARE = 0.3
PRUNED = f"structured:{SHARE:.0%}"
"""In float32, without so many of the multiply-accumulates, and not trained since."""
WAYS = (PEER, MINMAX, *METHODS, REDUCED, HALF, PRUNED)
"""HALF is the library as it runs, with what instruction sets of this processor round."""
_COMPARED = ("squeezenet1.1", "efficientnet-lite0", "face-descriptor", "blazeface")
"""In all ways; the others in those that are chosen."""
_CHOSEN = (MSE, REDUCED, HALF, PRUNED)
PICTURES = 64
NETWORKS = (
    *_COMPARED,
    *("nanodet", "centerface", "facemesh", "blazepose", "selfie", "ppocr_det", "ppocr_rec"),
)
"""Those of the zoo that see pictures."""


class _Reader(CalibrationDataReader):  # type: ignore[misc]  # it has no types
    def __init__(self, given: Samples) -> None:
        self._given: Iterator[Mapping[str, np.ndarray[Any, Any]]] = iter(given)

    def get_next(self) -> Mapping[str, np.ndarray[Any, Any]] | None:
        return next(self._given, None)


def _peer(graph: Graph, given: Samples) -> Graph:
    """Return what onnxruntime.quantization makes of the same float graph, Softmax in float32."""
    with tempfile.TemporaryDirectory() as scratch:
        exact, theirs = Path(scratch, "float.onnx"), Path(scratch, "int8.onnx")
        onnx.save(export(graph), exact)
        quantize_static(
            exact,
            theirs,
            _Reader(given),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=list(ROLES),
        )
        return frontend.load(theirs)


def rows(
    name: str, chosen: Sequence[Path], methods: Sequence[str], show: Progress
) -> Iterator[Row]:
    """Yield what methods make of a network: half of the pictures calibrate, half compare."""
    halves, version = (chosen[0::2], chosen[1::2]), commit()
    integers = [way for way in methods if way not in (HALF, PRUNED)]
    found = _in_integers(name, halves, integers, show) if integers else iter(())
    if HALF in methods:
        found = chain(found, _in_halves(name, halves, show))
    if PRUNED in methods:
        found = chain(found, _without_channels(name, halves, show))
    for method, measure, score, share in found:
        count, lost = len(halves[1]), score.drop
        yield Row(name, method, measure, lost, score.sqnr_db, share, count, version)


_Halves: TypeAlias = tuple[Sequence[Path], Sequence[Path]]
"""Pictures that calibrate, and others."""
_Found: TypeAlias = tuple[str, str, "Score | Accuracy", float]
"""The method, what is compared, the result, and the share in integers."""


def _in_integers(
    name: str,
    halves: _Halves,
    methods: Sequence[str],
    show: Progress,
) -> Iterator[_Found]:
    model = fetch(MODELS[name], show)
    graph = frontend.load(model)
    description: Description = describe(graph, model, Overrides())
    spec = description.preprocess
    assert spec is not None, "it sees pictures"
    calibrating, others = (samples.pictures(half, graph, spec) for half in halves)
    passes.optimise(graph, fuse=False)
    judge = Judge(graph, description, others, None, show)
    largest = {way: REDUCED_WEIGHT if way == REDUCED else LARGEST_WEIGHT for way in methods}
    errors = {
        weight: bias_errors(graph, calibrating, show, weight) for weight in {*largest.values()}
    }
    for method in methods:
        show(f"{name}, {method}", 0, 0)
        if method == PEER:
            network, share = _peer(graph, calibrating), 1.0
        else:
            assignment = assign(graph)
            way = MSE if method == REDUCED else method
            ranges, weight = calibrate(graph, calibrating, way, show), largest[method]
            network = quantise(graph, ranges, assignment, errors[weight], weight)
            share = integer_share(graph, assignment)
        yield method, judge.measure, judge.judge(Session(network).run), share


def _in_halves(name: str, halves: _Halves, show: Progress) -> Iterator[_Found]:
    model = fetch(MODELS[name], show)
    with tempfile.TemporaryDirectory() as scratch:
        rounding = Rounding(_folder(Path(scratch, "validation"), halves[1]))
        options = Options(rounding=rounding)
        accuracy = compile_model(model, Path(scratch, "half.edge"), options, show).accuracy
    assert accuracy is not None, "it was validated"
    yield HALF, accuracy.measure, accuracy, 0.0


def _folder(folder: Path, chosen: Sequence[Path]) -> Path:
    """Return a folder with some pictures."""
    folder.mkdir()
    for path in chosen:
        (folder / path.name).symlink_to(path)
    return folder


def _without_channels(name: str, halves: _Halves, show: Progress) -> Iterator[_Found]:
    model = fetch(MODELS[name], show)
    with tempfile.TemporaryDirectory() as scratch:
        words = ("calibration", "validation")
        folders = [_folder(Path(scratch, x), half) for x, half in zip(words, halves, strict=True)]
        wanted = Wanted(share=SHARE, calibration=folders[0], validation=folders[1])
        source = Source(model, {}, {}, Overrides())
        made = prune_file(source, Path(scratch, "smaller.onnx"), wanted, show)
    accuracy = made.pruning.accuracy
    assert accuracy is not None, "it was validated"
    yield PRUNED, accuracy.measure, accuracy, 0.0


def main() -> int:
    """Print a table, and write it if it is complete."""
    parser = argparse.ArgumentParser(prog="python -m bench.precision", description=__doc__)
    add_choice(parser, "--models", list(NETWORKS))
    add_choice(parser, "--methods", WAYS)
    parser.set_defaults(methods=None)
    parser.add_argument(
        "--pictures", type=int, default=PICTURES, help="at most; default: %(default)s"
    )
    given = parser.parse_args()
    logging.disable(logging.WARNING)  # what the peer would rather have
    return run(lambda: _run(given))


def _run(given: argparse.Namespace) -> None:
    whole = given.pictures >= PICTURES
    target = RESULTS if whole else ROOT / "build" / "bench" / "precision.json"
    found: list[Row] = []
    with progress() as show:
        chosen = pictures(show)
        chosen = chosen[:: max(1, len(chosen) // given.pictures)]
        for name in given.models:
            usual = WAYS if name in _COMPARED else _CHOSEN
            new: list[Row] = []
            try:
                for row in rows(name, chosen, given.methods or usual, show):
                    new.append(row)
            except CompileError as error:
                note(str(error), style="yellow")
            found += new
            known = merge(target, new)
    say_table(
        ("network", "method", "compared", "lost", "signal to noise", "in 8 bits"),
        [
            (
                *(row.network, row.method, row.measure),
                *(f"{row.drop:.1%}", f"{row.sqnr_db:.1f} dB", f"{row.integer_macs:.0%}"),
            )
            for row in found
        ],
    )
    if found and whole:
        publish(known, WAYS, NETWORKS, PAGE)


if __name__ == "__main__":
    sys.exit(main())
