"""From a float model to one whose layers have weights that float16 holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edge_compiler import frontend, passes
from edge_compiler.description.describe import describe
from edge_compiler.description.metadata import ACCURACY, FLOAT16_LAYERS, PRECISION
from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import Graph
from edge_compiler.precision.float16 import float16_layers
from edge_compiler.precision.judge import Judge
from edge_compiler.precision.labelled import read_validation
from edge_compiler.precision.library import Loss
from edge_compiler.precision.network import Changed, Source, write_model
from edge_compiler.precision.session import Session
from edge_compiler.progress import Progress
from edge_compiler.samples.magnitudes import has_place, WEIGHTED
from edge_perception.runtime.accuracy import HALF

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Rounding:
    """
    How much may be lost by weights in float16.

    :ivar validation: what that is measured on, see `read_validation`; None: it isn't.
    :ivar max_drop: by how much the model may be worse, 0 to 1; None: whatever it is.
    """

    validation: Path | None = None
    max_drop: float | None = None


def round_file(source: Source, output: Path, wanted: Rounding, progress: Progress) -> Changed:
    """
    Write a model with rounded weights, and all that is known of it in its metadata.

    :raises CompileError: if that is impossible, or more is lost than may be.
    """
    progress("reading the model", 0, 0)
    graph = frontend.load(source.model, source.shapes, source.dimensions)
    description = describe(graph, source.model, source.overrides)
    fusions = passes.optimise(graph, fuse=False)
    judge = samples = None
    if wanted.validation is not None:
        samples, labels = read_validation(wanted.validation, graph, description)
        judge = Judge(graph, description, samples, labels, progress)
    floats = round_weights(graph)
    accuracy = loss = None
    if judge is not None:
        measured = judge.accuracy(judge.judge(Session(graph).run))
        accuracy = replace(measured, float_layers=tuple(floats), precision=HALF)
        loss = Loss(judge, accuracy, wanted.max_drop)
    if accuracy is not None and wanted.max_drop is not None and accuracy.drop > wanted.max_drop:
        raise CompileError(
            f"{description.name} loses {accuracy.drop:.2%} by weights in float16, more than "
            f"--max-drop {wanted.max_drop:.2%}: compile it in float32"
        )
    progress("looking how large numbers become", 0, 0)
    fitting = float16_layers(graph, description.preprocess, samples)
    known = {ACCURACY: accuracy, PRECISION: HALF, FLOAT16_LAYERS: fitting}
    write_model(graph, description, known, "rounded_from", output)
    return Changed(fusions, loss)


def round_weights(graph: Graph) -> list[str]:
    """
    Round the weights of layers to the nearest numbers of float16.

    Each differs by 2**-11 of itself at most; one that is smaller than float16's least normal
    number, by 2**-25.

    :returns: the names of layers whose weights are too large, or all too small, and stay as they
        are.
    """
    floats = []
    for node in graph.nodes:
        weights = node.constant(1) if node.op in WEIGHTED else None
        if weights is None or not weights.size:
            continue
        if has_place(weights):
            node.input(1).constant = weights.astype(np.float16).astype(np.float32)
        elif np.any(weights):
            floats.append(node.name)
    return floats
