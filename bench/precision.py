"""
What 8 bits cost trained networks: `python -m bench.precision`.

Networks of ``edgec fetch`` that see pictures are quantised on half of some photographs, by each
method and by onnxruntime.quantization, and compared with themselves in float32 on the other half.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
import logging
from pathlib import Path
import sys
import tempfile
from typing import Any

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
from bench.record import circumstances, write
from edge_compiler import frontend, passes
from edge_compiler.description import describe, Description, Overrides
from edge_compiler.export import export
from edge_compiler.ir.graph import Graph
from edge_compiler.precision import samples
from edge_compiler.precision.assign import assign, ROLES
from edge_compiler.precision.bias import bias_errors
from edge_compiler.precision.budget import integer_share
from edge_compiler.precision.calibrate import calibrate, MINMAX
from edge_compiler.precision.histogram import METHODS
from edge_compiler.precision.judge import Judge
from edge_compiler.precision.quantise import quantise
from edge_compiler.precision.samples import Samples
from edge_compiler.progress import Progress
from edge_compiler.terminal import progress, say_table
from edge_compiler.zoo import fetch, MODELS

RESULTS = ROOT / "bench" / "results" / "precision.json"
NETWORKS = (
    "squeezenet1.1",
    "efficientnet-lite0",
    "face-descriptor",
    "blazeface",
)
PEER = "onnxruntime"
"""Its quantiser, by the least and the largest number."""


@dataclass(frozen=True)
class Row:
    """What a method makes of a network; `drop` is of the measure, see `Accuracy`."""

    network: str
    method: str
    measure: str
    drop: float
    sqnr_db: float
    integer_macs: float
    samples: int


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


def rows(name: str, chosen: Sequence[Path], methods: Sequence[str], show: Progress) -> list[Row]:
    """Return what all methods make of a network."""
    model = fetch(MODELS[name], show)
    graph = frontend.load(model)
    description: Description = describe(graph, model, Overrides())
    assert description.preprocess is not None, "it sees pictures"
    halves = [
        samples.pictures(chosen[first::2], graph, description.preprocess) for first in (0, 1)
    ]
    passes.optimise(graph, fuse=False)
    judge = Judge(graph, description, halves[1], None, show)
    errors = bias_errors(graph, halves[0], show)
    found = []
    for method in methods:
        show(f"{name}, {method}", 0, 0)
        if method == PEER:
            network, share = _peer(graph, halves[0]), 1.0
        else:
            assignment = assign(graph)
            ranges = calibrate(graph, halves[0], method, show)
            network = quantise(graph, ranges, assignment, errors)
            share = integer_share(graph, assignment)
        score = judge.judge(network)
        found.append(
            Row(name, method, judge.measure, score.drop, score.sqnr_db, share, len(halves[1]))
        )
    return found


def main() -> int:
    """Print a table, and write it if it is complete."""
    parser = argparse.ArgumentParser(prog="python -m bench.precision", description=__doc__)
    add_choice(parser, "--models", list(NETWORKS))
    add_choice(parser, "--methods", [PEER, MINMAX, *METHODS])
    parser.add_argument("--pictures", type=int, default=64, help="at most; default: %(default)s")
    given = parser.parse_args()
    logging.disable(logging.WARNING)  # what the peer would rather have
    return run(lambda: _run(given))


def _run(given: argparse.Namespace) -> None:
    found: list[Row] = []
    with progress() as show:
        chosen = pictures(show)
        chosen = chosen[:: max(1, len(chosen) // given.pictures)]
        for name in given.models:
            found += rows(name, chosen, given.methods, show)
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
    complete = set(given.models) == set(NETWORKS) and len(given.methods) == len(METHODS) + 2
    target = RESULTS if complete else ROOT / "build" / "bench" / "precision.json"
    write(target, circumstances() | {"rows": [asdict(row) for row in found]})


if __name__ == "__main__":
    sys.exit(main())
