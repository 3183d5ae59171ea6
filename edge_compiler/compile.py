"""The compiler as a list of stages, from a model to a proven bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
import shutil
import tempfile

from edge_compiler import frontend, passes, report, targets
from edge_compiler.description.describe import describe, Description, Overrides
from edge_compiler.description.metadata import stated_accuracy, stated_pruning
from edge_compiler.errors import CompileError
from edge_compiler.files.atomic import new_folder
from edge_compiler.files.destination import check_destination
from edge_compiler.frontends import as_onnx
from edge_compiler.ir.graph import Graph
from edge_compiler.machine import give_back_memory
from edge_compiler.onnx_runtime.reference import Reference
from edge_compiler.precision.budget import OverBudgetError
from edge_compiler.precision.half import round_file, Rounding
from edge_compiler.precision.network import Changed, quantise_file, Source, Wanted
from edge_compiler.progress import Progress
from edge_compiler.proof.proving import describe_files, write_cases
from edge_compiler.pruning.network import prune_file
from edge_compiler.pruning.network import Wanted as WantedPruning
from edge_compiler.samples.images import calibration_images
from edge_compiler.targets.base import BuildOptions, Target
from edge_compiler.targets.program.library import LIBRARY, SOURCE
from edge_compiler.targets.refusals import refuse_unsupported
from edge_compiler.trying import try_library
from edge_perception.runtime.accelerator import Accelerator
from edge_perception.runtime.bundle import write_manifest, write_record
from edge_perception.runtime.manifest import Manifest, Model, Tensor
from edge_perception.runtime.record import Record
from edge_perception.runtime.selftest import write_selftest
from edge_perception.runtime.tensorrt.finish import CASE, NETWORK

SELFTEST = "selftest.npz"
WRITTEN = "model.onnx"
"""A model that is smaller or in another precision, among the sources."""
PROVING_IMAGES = 4
"""Of those that a model is calibrated on."""


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
                return _Job(written, target, its, images, changed, progress).compile(bundle)
        except OverBudgetError:
            if not options.float_over_budget:
                raise
        return _Job(file, target, options, images, None, progress).compile(bundle)


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


@dataclass(frozen=True)
class _Job:
    """
    An ONNX file to be compiled as it is.

    :ivar images: to prove the library on.
    :ivar changed: how the file was written; None: it is the user's.
    """

    model: Path
    target: Target
    options: Options
    images: Sequence[Path]
    changed: Changed | None
    progress: Progress

    def compile(self, bundle: Path) -> Manifest:
        """Make the bundle, which is there when it is proven, or not at all."""
        self.progress("reading the model", 0, 0)
        graph = self._load()
        description = describe(graph, self.model, self.options.overrides)
        if self.images and description.preprocess is None:
            raise CompileError("--calibration needs to know the pre-processing: add --preprocess")
        accuracy = stated_accuracy(graph.metadata, self.model)
        pruning = stated_pruning(graph.metadata, self.model)
        before = report.outline(graph)
        self.progress("optimising", 0, 0)
        fusions = passes.optimise(graph)
        after = report.outline(graph)
        refuse_unsupported(graph, self.target)
        # what it can't load can't be proven, which shall not be found out when all is compiled
        inputs = [Tensor(value.name, value.shape) for value in graph.inputs]
        Reference(self.model, inputs, ()).check()

        with new_folder(bundle) as folder:
            compiled = self.target.build(
                graph, description, folder, self.progress, self.options.build
            )
            del graph  # the library has its weights now, and the reference needs room for them
            give_back_memory()
            accelerator = self._add_accelerator(folder, compiled, description)
            self._leave_source(folder / SOURCE)
            loss = self.changed.loss if self.changed else None
            library = folder / LIBRARY
            tried = try_library(
                library, compiled, self.target, self.model, self.images, loss, self.progress
            )
            shown, answers = tried.proven.selftest
            write_selftest(folder / SELFTEST, shown, *answers)
            manifest = Manifest(
                model=compiled,
                library=LIBRARY,
                selftest=SELFTEST,
                proof=tried.proven.proof,
                files=describe_files(folder),
                fusions=(*(self.changed.fusions if self.changed else ()), *fusions),
                given=self.options.overrides.given(),
                accuracy=tried.accuracy or accuracy,
                accelerator=accelerator,
                pruning=pruning,
            )
            made = datetime.now(timezone.utc).isoformat(timespec="seconds")
            record = Record(made, tried.speed, {})
            measured = report.Measured(tried.proven.errors, tried.profile, before, after)
            written = report.write(folder, manifest, record, measured)
            write_manifest(folder, manifest)
            write_record(folder, replace(record, files=written))
            if self.options.seal is not None:
                self.options.seal(folder)
        return manifest

    def _load(self) -> Graph:
        return frontend.load(self.model, self.options.shapes, self.options.dimensions)

    def _add_accelerator(
        self, folder: Path, compiled: Model, description: Description
    ) -> Accelerator | None:
        """Write what runs the whole network on a device, if the target has one."""
        backend = self.target.accelerator
        if backend is None:
            return None
        self.progress("writing the network for the accelerator", 0, 0)
        added = backend.add_to(folder, self._load(), description, self.target.platform)
        give_back_memory()
        if not added.refused:
            write_cases(compiled, folder / added.name / NETWORK, CASE)
        return added

    def _leave_source(self, folder: Path) -> None:
        """Leave what the library was made of, if the user wants that."""
        if not self.options.keep_source:
            shutil.rmtree(folder)
        elif self.changed is not None:
            shutil.copyfile(self.model, folder / WRITTEN)
