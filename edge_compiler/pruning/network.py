"""From a float model to a smaller one: what goes, what is lost by that, and the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
import math
from pathlib import Path
from typing import Any

import numpy as np

from edge_compiler import frontend, ops, passes
from edge_compiler.description.describe import describe, Description
from edge_compiler.description.metadata import PRUNING
from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import Graph
from edge_compiler.precision.judge import Judge
from edge_compiler.precision.labelled import read_validation
from edge_compiler.precision.network import Source, write_model
from edge_compiler.precision.samples import read_samples
from edge_compiler.precision.session import Session
from edge_compiler.progress import Progress
from edge_compiler.pruning.channels import Channels
from edge_compiler.pruning.cut import cut
from edge_compiler.pruning.plan import make_plan, planned, read_plan, write_plan
from edge_compiler.pruning.retrained import read_retrained
from edge_compiler.pruning.rules import follow_channels
from edge_compiler.pruning.score import look_at_channels, scores_of
from edge_compiler.pruning.select import Pruned, prunings
from edge_perception.runtime.accuracy import FLOAT, Pruning
from edge_perception.runtime.dtypes import FLOAT32
from edge_perception.runtime.manifest import Fusion

Array = np.ndarray[Any, Any]
_LEAST = 1e-4
"""Share of the work that is worth a word."""


@dataclass(frozen=True)
class Wanted:
    """
    What shall be removed.

    :ivar share: of the multiply-accumulates, 0 to 1, at least; or
    :ivar plan: the file that says what, see `Plan`.
    :ivar calibration: samples that tell which channels matter; None: what validates, if anything.
    :ivar validation: what the loss is measured on, see `read_validation`; None: what calibrates.
    :ivar max_drop: by how much the model may be worse, 0 to 1; None: whatever it is.
    :ivar plan_output: where to write what goes; None: nowhere.
    :ivar retrained: the smaller model with weights that were trained since; None: there is none.
    """

    share: float | None = None
    plan: Path | None = None
    calibration: Path | None = None
    validation: Path | None = None
    max_drop: float | None = None
    plan_output: Path | None = None
    retrained: Path | None = None


@dataclass(frozen=True)
class Smaller:
    """
    What came out.

    :ivar fusions: what the optimiser decided before.
    """

    fusions: Sequence[Fusion]
    pruning: Pruning


@dataclass(frozen=True)
class _Model:
    """
    The model before anything is removed.

    :ivar weights: the name of each layer's weights in the file.
    :ivar scores: what is lost with each group of channels.
    :ivar judge: of what is lost; None without samples.
    :ivar less: returns it without some groups of channels.
    """

    graph: Graph
    description: Description
    fusions: Sequence[Fusion]
    weights: Mapping[str, str]
    channels: Channels
    scores: Array
    judge: Judge | None
    less: Callable[[Array], Graph]


def prune_file(source: Source, output: Path, wanted: Wanted, progress: Progress) -> Smaller:
    """
    Write a model with fewer channels, with all that is known of it in its metadata.

    :raises CompileError: if that is impossible, or more is lost than may be.
    """
    model = _read(source, wanted, progress)
    steps = _steps(model, wanted)
    removed = steps[-1].removed
    smaller = model.less(removed)
    if wanted.retrained is not None:
        smaller = read_retrained(wanted.retrained, source, smaller)
    accuracy = None
    if model.judge is not None:
        progress("trying the smaller network", 0, 0)
        score = model.judge.judge(Session(smaller).run)
        if wanted.max_drop is not None and score.drop > wanted.max_drop:
            if wanted.retrained is None:
                raise _over_budget(model, model.judge, steps, score.drop, wanted.max_drop)
            raise CompileError(
                f"{wanted.retrained} loses {score.drop:.2%} beside {source.model}, more than "
                f"--max-drop {wanted.max_drop:.2%}: train it further, or remove less"
            )
        accuracy = replace(model.judge.accuracy(score), precision=FLOAT)
    if wanted.plan_output is not None:
        plan = make_plan(model.channels, removed, model.weights, model.description.sha256)
        write_plan(plan, wanted.plan_output)
    pruning = Pruning(
        macs=_macs(smaller),
        macs_before=_macs(model.graph),
        parameters=_parameters(smaller),
        parameters_before=_parameters(model.graph),
        layers=_layers(model.channels, removed),
        retrained=wanted.retrained is not None,
        accuracy=accuracy,
    )
    write_model(smaller, model.description, {PRUNING: pruning}, "pruned_from", output)
    return Smaller(model.fusions, pruning)


def _read(source: Source, wanted: Wanted, progress: Progress) -> _Model:
    progress("reading the model", 0, 0)
    graph = frontend.load(source.model, source.shapes, source.dimensions)
    description = describe(graph, source.model, source.overrides)
    if any(node.op in ("QuantizeLinear", "DequantizeLinear") for node in graph.nodes):
        raise CompileError(
            f"{description.name} is quantised: prune the float model that it was made of, and "
            "quantise what comes out"
        )
    weights = {
        node.name: node.inputs[1].name
        for node in graph.nodes
        if len(node.inputs) > 1 and node.inputs[1] is not None
    }
    calibrates = judges = labels = None
    if wanted.calibration is not None:
        calibrates = judges = read_samples(wanted.calibration, graph, description.preprocess)
    if wanted.validation is not None:
        judges, labels = read_validation(wanted.validation, graph, description)
    fusions = passes.optimise(graph, fuse=False)
    judge = None if judges is None else Judge(graph, description, judges, labels, progress)
    channels = follow_channels(graph)
    seen = judges if calibrates is None else calibrates
    moments = None if seen is None else look_at_channels(graph, channels, seen, progress)
    scores = scores_of(channels, moments)
    less = partial(cut, graph, channels, seen=moments)
    return _Model(graph, description, fusions, weights, channels, scores, judge, less)


def _steps(model: _Model, wanted: Wanted) -> list[Pruned]:
    """Return what goes, the last one, and before it less and less of that."""
    if wanted.plan is not None:
        return [Pruned(planned(read_plan(wanted.plan), model.channels, wanted.plan), 0.0)]
    assert wanted.share is not None, "or there would be a plan"
    steps = []
    for step in prunings(model.graph, model.channels, model.scores):
        steps.append(step)
        if step.share >= wanted.share:
            return steps
    raise CompileError(
        f"{wanted.share:.1%} of {model.description.name} can't be removed: at most "
        f"{steps[-1].share:.1%} of its multiply-accumulates can, as channels stay that reach an "
        "output or an operator that can't be followed, and a quarter of each layer's"
    )


def _over_budget(
    model: _Model, judge: Judge, steps: Sequence[Pruned], drop: float, budget: float
) -> CompileError:
    """Return the error that says how much can go within the budget, found by halving."""
    sentence = (
        f"{model.description.name} loses {drop:.2%} without {_share(steps[-1])} of its "
        f"multiply-accumulates, more than --max-drop {budget:.2%}: "
    )
    low, high, lost = 0, len(steps) - 1, 0.0
    while high - low > 1:
        middle = (low + high) // 2
        found = judge.judge(Session(model.less(steps[middle].removed)).run).drop
        if found <= budget:
            low, lost = middle, found
        else:
            high = middle
    if steps[low].share >= _LEAST:
        sentence += f"the nearest is --prune structured:{_share(steps[low])}, which loses "
        sentence += f"{lost:.2%}; "
    else:
        sentence += "the least that could go loses more, too; "
    return CompileError(
        sentence + "or write a --plan, train the smaller network, and give it with --retrained"
    )


def _share(step: Pruned) -> str:
    """Return a percentage that is reached by this step."""
    return f"{math.floor(step.share / _LEAST) * _LEAST:.2%}"


def _macs(graph: Graph) -> int:
    return sum(ops.macs(node) for node in graph.nodes)


def _parameters(graph: Graph) -> int:
    return sum(value.size for value in graph.constants() if value.type == FLOAT32)


def _layers(channels: Channels, removed: Array) -> dict[str, tuple[int, ...]]:
    kept = {
        layer.node.name: (int(channels.kept(layer.outputs, removed).sum()), len(layer.outputs))
        for layer in channels.layers
    }
    return {name: (left, all_) for name, (left, all_) in kept.items() if left < all_}
