"""The compiler as a list of stages, from a model to a proven bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
import os
from pathlib import Path
import shutil
import statistics
import tempfile

from edge_compiler import frontend, passes, report, targets
from edge_compiler.description.describe import describe, Overrides
from edge_compiler.description.metadata import stated_accuracy, stated_pruning
from edge_compiler.errors import CompileError
from edge_compiler.files.atomic import new_folder
from edge_compiler.files.destination import check_destination
from edge_compiler.frontends import as_onnx
from edge_compiler.ir.graph import Graph
from edge_compiler.machine import give_back_memory, processor
from edge_compiler.onnx_runtime.reference import Reference
from edge_compiler.precision.budget import OverBudgetError
from edge_compiler.precision.half import round_file, Rounding
from edge_compiler.precision.network import Changed, quantise_file, Source, Wanted
from edge_compiler.profiling import make_profile, Profile
from edge_compiler.progress import Progress
from edge_compiler.proof.prove import Inputs
from edge_compiler.proof.proving import describe_files, postpone, prove, write_cases
from edge_compiler.pruning.network import prune_file
from edge_compiler.pruning.network import Wanted as WantedPruning
from edge_compiler.refusal import listed, Refusal
from edge_compiler.samples.images import calibration_images
from edge_compiler.sandbox import NativeSandbox
from edge_compiler.targets.base import BuildOptions, Target
from edge_compiler.targets.peak import measure_peak
from edge_perception.runtime.bundle import write_manifest, write_record
from edge_perception.runtime.manifest import Manifest, Step, Tensor
from edge_perception.runtime.record import Record, Speed
from edge_perception.runtime.selftest import write_selftest
from edge_perception.runtime.tensorrt.finish import CASE, NETWORK

LIBRARY, SELFTEST = "model.so", "selftest.npz"
WRITTEN = "model.onnx"
"""A model that is smaller or in another precision, among the sources."""
PROVING_IMAGES = 4
"""Of those that a model is calibrated on."""
MEASURE_SECONDS = PROFILE_SECONDS = 0.5


@dataclass(frozen=True)
class Options:
    """
    What the user may choose; see ``edgec compile --help``.

    :ivar shapes: of inputs, by name.
    :ivar dimensions: sizes of those that the file only names.
    :ivar calibration: pictures to prove it on.
    :ivar pruning: what shall be removed of it; None: nothing.
    :ivar rounding: for weights in float16; None: they stay as they are.
    :ivar quantisation: how it shall be quantised; None: it isn't.
    :ivar float_over_budget: compile in float32 if no layer is within the budget of that.
    :ivar seal: is given the finished bundle before it takes its place, to sign it.
    :ivar build: of how the library is made.
    """

    target: str = "host"
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    dimensions: Mapping[str, int] = field(default_factory=dict)
    overrides: Overrides = field(default_factory=Overrides)
    calibration: Path | None = None
    pruning: WantedPruning | None = None
    rounding: Rounding | None = None
    quantisation: Wanted | None = None
    float_over_budget: bool = False
    keep_source: bool = False
    seal: Callable[[Path], None] | None = None
    build: BuildOptions = field(default_factory=BuildOptions)


def compile_model(model: Path, bundle: Path, options: Options, progress: Progress) -> Manifest:
    """
    Compile a model of any format that is known into the folder ``bundle``.

    :raises CompileError: if it can't be compiled or proven; ``bundle`` is then as it was.
    """
    bundle = check_destination(bundle)
    target = targets.get(options.target)
    target.check(options.build)
    images = _proving_images(options)
    with as_onnx(model) as file, tempfile.TemporaryDirectory(prefix="edgec-") as scratch:
        written = Path(scratch, file.name)
        source = Source(file, options.shapes, options.dimensions, options.overrides)
        try:
            changed = _write_changed(source, written, options, progress)
            if changed is not None:
                # all that the user said of it stands in the file now, but for its name
                said = Overrides(name=options.overrides.name)
                its = replace(options, shapes={}, dimensions={}, overrides=said)
                return _compile(written, bundle, target, its, images, changed, progress)
        except OverBudgetError:
            if not options.float_over_budget:
                raise
        return _compile(file, bundle, target, options, images, None, progress)


def _write_changed(
    source: Source, output: Path, options: Options, progress: Progress
) -> Changed | None:
    """Write the model as small, or in the precision, as is wanted; None: it stays as it is."""
    if options.pruning is not None:
        return Changed(prune_file(source, output, options.pruning, progress).fusions)
    if options.rounding is not None:
        return round_file(source, output, options.rounding, progress)
    if options.quantisation is not None:
        quantised = quantise_file(source, output, options.quantisation, progress)
        return Changed(quantised.fusions, quantised.loss)
    return None


def _proving_images(options: Options) -> Sequence[Path]:
    """Return pictures to prove a library on: calibration takes more than that needs."""
    folder = options.calibration
    if folder is None:
        return []
    if (options.quantisation or options.rounding or options.pruning) is None:
        return calibration_images(folder)
    return calibration_images(folder)[:PROVING_IMAGES] if folder.is_dir() else []


def _compile(
    model: Path,
    bundle: Path,
    target: Target,
    options: Options,
    images: Sequence[Path],
    changed: Changed | None,
    progress: Progress,
) -> Manifest:
    """
    Compile an ONNX file as it is.

    :param images: to prove the library on.
    :param changed: how the file was written; None: it is the user's.
    """
    progress("reading the model", 0, 0)
    graph = frontend.load(model, options.shapes, options.dimensions)
    description = describe(graph, model, options.overrides)
    if images and description.preprocess is None:
        raise CompileError("--calibration needs to know the pre-processing: add --preprocess")
    accuracy = stated_accuracy(graph.metadata, model)
    pruning = stated_pruning(graph.metadata, model)
    before = report.outline(graph)
    progress("optimising", 0, 0)
    fusions = passes.optimise(graph)
    after = report.outline(graph)
    refuse_unsupported(graph, target)
    # what it can't load can't be proven, which shall not be found out when all is compiled
    Reference(model, [Tensor(value.name, value.shape) for value in graph.inputs], ()).check()

    with new_folder(bundle) as folder:
        compiled = target.build(graph, description, folder, progress, options.build)
        del graph  # the library has its weights now, and the reference needs room for them
        give_back_memory()
        accelerator = None
        if target.accelerator is not None:
            progress("writing the network for the accelerator", 0, 0)
            graph = frontend.load(model, options.shapes, options.dimensions)
            accelerator = target.accelerator.add_to(folder, graph, description, target.platform)
            del graph
            give_back_memory()
            if not accelerator.refused:
                write_cases(compiled, folder / accelerator.name / NETWORK, CASE)
        if not options.keep_source:
            shutil.rmtree(folder / "source")
        elif changed is not None:
            shutil.copyfile(model, folder / "source" / WRITTEN)
        reference = Reference(model, compiled.inputs, [step.value for step in compiled.steps])
        speed = profile = None
        if missing := target.missing_device(compiled):
            proven = postpone(compiled, reference, missing)
        else:
            with target.sandbox(folder / LIBRARY) as sandbox:
                proven = prove(sandbox, compiled, reference, images, progress)
                if changed is not None and changed.loss is not None:
                    accuracy = changed.loss.of(sandbox, compiled, progress)
                if isinstance(sandbox, NativeSandbox):
                    progress("measuring the speed", 0, 0)
                    inputs, _ = proven.selftest
                    speed = _measure_speed(sandbox, inputs)
                    profile = _measure_profile(sandbox, compiled.steps, inputs)
        inputs, answers = proven.selftest
        write_selftest(folder / SELFTEST, inputs, *answers)
        manifest = Manifest(
            model=compiled,
            library=LIBRARY,
            selftest=SELFTEST,
            proof=proven.proof,
            files=describe_files(folder),
            fusions=(*(changed.fusions if changed else ()), *fusions),
            given=options.overrides.given(),
            accuracy=accuracy,
            accelerator=accelerator,
            pruning=pruning,
        )
        record = Record(datetime.now(timezone.utc).isoformat(timespec="seconds"), speed, {})
        measured = report.Measured(proven.errors, profile, before, after)
        written = report.write(folder, manifest, record, measured)
        write_manifest(folder, manifest)
        write_record(folder, replace(record, files=written))
        if options.seal is not None:
            options.seal(folder)
    return manifest


def _measure_speed(sandbox: NativeSandbox, inputs: Inputs) -> Speed:
    """Measure whole runs with all processors."""
    threads = len(os.sched_getaffinity(0))
    run_ms = sandbox.measure(threads, inputs, MEASURE_SECONDS)
    return Speed(processor(), threads, min(run_ms), statistics.median(run_ms))


def _measure_profile(sandbox: NativeSandbox, steps: Sequence[Step], inputs: Inputs) -> Profile:
    """Measure every step with one thread."""
    variant = sandbox.best_variant()
    observed = sandbox.profile(variant, 1, inputs, PROFILE_SECONDS)
    sandbox.rest()  # a compiler is run next, which needs the room
    return make_profile(steps, observed, variant, 1, measure_peak(variant, 1))


def refusals(graph: Graph, target: Target) -> list[Refusal]:
    """Return every node that the target can't run, and why."""
    reasons = ((node, target.refusal(node)) for node in graph.nodes)
    return [
        Refusal(node.name, graph.operators.get(node.name, node.op), reason)
        for node, reason in reasons
        if reason is not None
    ]


def refuse_unsupported(graph: Graph, target: Target) -> None:
    """
    Check that the target can run every node.

    :raises CompileError: naming those that it can't.
    """
    refused = refusals(graph, target)
    if not refused:
        return
    raise CompileError(
        f"the target {target.name!r} can't run {len(refused)} of {len(graph.nodes)} nodes: "
        f"{listed(refused)}; see edgec analyze and edgec ops"
    )
