"""From a float model to one that computes in integers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
import json
from pathlib import Path

import onnx

from edge_compiler import frontend, ops, passes
from edge_compiler.description.describe import describe, Description, Overrides
from edge_compiler.description.metadata import ACCURACY, Float16, metadata_of, PRUNING
from edge_compiler.errors import CompileError
from edge_compiler.export import export
from edge_compiler.ir.graph import Graph
from edge_compiler.precision.assign import assign, Assignment
from edge_compiler.precision.bias import bias_errors
from edge_compiler.precision.budget import choose, integer_share, Trials, trials_file
from edge_compiler.precision.calibrate import calibrate, MSE
from edge_compiler.precision.equalise import equalise
from edge_compiler.precision.judge import Judge
from edge_compiler.precision.labelled import read_validation
from edge_compiler.precision.library import Loss
from edge_compiler.precision.quantise import quantise
from edge_compiler.precision.samples import read_samples
from edge_compiler.precision.scales import LARGEST_WEIGHT, REDUCED_WEIGHT
from edge_compiler.progress import Progress
from edge_perception.runtime import schema
from edge_perception.runtime.accuracy import Accuracy, Pruning
from edge_perception.runtime.manifest import Fusion


@dataclass(frozen=True)
class Source:
    """
    A model's file, and what the user says of it.

    :ivar shapes: of inputs, by name.
    :ivar dimensions: sizes of those that the file only names.
    """

    model: Path
    shapes: Mapping[str, tuple[int, ...]]
    dimensions: Mapping[str, int]
    overrides: Overrides


@dataclass(frozen=True)
class Wanted:
    """
    How a model shall be quantised.

    :ivar calibration: a folder of pictures, or a ``.npz`` file of tensors.
    :ivar method: how ranges follow from them.
    :ivar validation: what the accuracy is measured on, see `read_validation`; None: on the same.
    :ivar max_drop: by how much the model may be worse, 0 to 1; None: whatever it is.
    :ivar equalise: whether channels are scaled to like ranges before.
    :ivar reduce_range: whether weights have 7 bits.
    """

    calibration: Path
    method: str = MSE
    validation: Path | None = None
    max_drop: float | None = None
    equalise: bool = False
    reduce_range: bool = False

    def ways(self) -> list[str]:
        """Return what is done, for people."""
        ways = {self.method: True, "equalised": self.equalise, "7-bit weights": self.reduce_range}
        return [way for way, taken in ways.items() if taken]


@dataclass(frozen=True)
class Changed:
    """
    A model that was written smaller or in another precision.

    :ivar fusions: what the optimiser decided before.
    :ivar loss: how it is measured what the library loses; None: it isn't.
    """

    fusions: Sequence[Fusion]
    loss: Loss | None = None


@dataclass(frozen=True)
class Quantised:
    """
    A model that computes in integers.

    :ivar graph: as `quantise` writes it.
    :ivar fusions: what the optimiser decided before.
    :ivar kept_layers: why layers stay float32, by name.
    :ivar loss: how it is measured what is lost.
    """

    graph: Graph
    fusions: list[Fusion]
    accuracy: Accuracy
    kept_layers: Mapping[str, str]
    loss: Loss


def quantise_file(source: Source, output: Path, wanted: Wanted, progress: Progress) -> Quantised:
    """
    Write a model that computes in integers, with all that is known of it in its metadata.

    :raises CompileError: if that is impossible; ``output`` is then as it was.
    """
    progress("reading the model", 0, 0)
    graph = frontend.load(source.model, source.shapes, source.dimensions)
    description = describe(graph, source.model, source.overrides)
    quantised = quantise_model(graph, description, wanted, progress)
    lost = {ACCURACY: quantised.accuracy}
    write_model(quantised.graph, description, lost, "quantised_from", output)
    return quantised


def quantise_model(
    graph: Graph, description: Description, wanted: Wanted, progress: Progress
) -> Quantised:
    """
    Quantise a model.

    :param graph: as it was read; it is optimised in place.
    :raises OverBudgetError: if no layer is within the budget.
    :raises CompileError: if there is nothing to quantise, or nothing to calibrate it with.
    """
    if any(node.op in ("QuantizeLinear", "DequantizeLinear") for node in graph.nodes):
        raise CompileError(
            f"{description.name} is quantised already: compile it as it is, or quantise the float "
            "model that it was made of"
        )
    samples = read_samples(wanted.calibration, graph, description.preprocess)
    others, labels = (
        (samples, None)
        if wanted.validation is None
        else read_validation(wanted.validation, graph, description)
    )
    fusions = passes.optimise(graph, fuse=False)
    if not assign(graph).integer:
        raise CompileError(
            f"{description.name} has no layer that can compute in integers: compile it in float32"
        )
    if wanted.equalise:
        equalise(graph)
    ranges = calibrate(graph, samples, wanted.method, progress)
    judge = Judge(graph, description, others, labels, progress)
    largest = REDUCED_WEIGHT if wanted.reduce_range else LARGEST_WEIGHT
    errors = bias_errors(graph, samples, progress, largest)

    def write(assignment: Assignment) -> Graph:
        return quantise(graph, ranges, assignment, errors, largest)

    trials = Trials(graph, write, judge, trials_file(ranges, largest, judge))
    chosen = choose(graph, trials, wanted.max_drop, progress)
    accuracy = replace(
        judge.accuracy(chosen.score),
        calibration=", ".join((*wanted.ways(), f"{len(samples)} samples")),
        integer_macs=integer_share(graph, chosen.assignment),
        float_layers=chosen.floats,
        curve=chosen.curve,
    )
    kept = {node.name: reason for node, reason in chosen.assignment.kept.items() if ops.macs(node)}
    loss = Loss(judge, accuracy, wanted.max_drop)
    return Quantised(write(chosen.assignment), fusions, accuracy, kept, loss)


def write_model(
    graph: Graph,
    description: Description,
    known: Mapping[str, Accuracy | Float16 | Pruning | str | None],
    origin: str,
    path: Path,
) -> None:
    """
    Write a model that was made of another one, with all that is known of it in its metadata.

    :param known: what else, by the key of the metadata; None if that wasn't measured.
    :param origin: what to call the other one in its provenance.
    :raises CompileError: if that is impossible; ``path`` is then as it was.
    """
    model = export(graph)
    facts = {key: text for key, text in description.provenance.items() if key != "file"}
    made_of = f"{description.provenance['file']} sha256:{description.sha256}"
    metadata = metadata_of(
        preprocess=description.preprocess,
        labels=description.labels,
        decoder=description.decoder,
        provenance=facts | {origin: made_of},
    )
    if PRUNING in graph.metadata:  # it is still true
        metadata[PRUNING] = graph.metadata[PRUNING]
    metadata |= {
        key: json.dumps(schema.encode(what)) for key, what in known.items() if what is not None
    }
    onnx.helper.set_model_props(model, metadata)
    unfinished = path.with_name(f".{path.name}.new")
    try:
        onnx.save(model, unfinished)
        unfinished.replace(path)
    except OSError as error:
        raise CompileError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)
