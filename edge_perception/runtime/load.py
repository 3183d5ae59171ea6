"""Loading a bundle: check everything, then run code from it, never the other way round."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path

from edge_perception.runtime.architecture import architecture, TARGETS
from edge_perception.runtime.bundle import model_to_json
from edge_perception.runtime.contents import (
    check_files,
    Contents,
    contents_of,
    open_bundle,
    Trust,
)
from edge_perception.runtime.errors import BundleError, ProcessorError
from edge_perception.runtime.executor import Executor
from edge_perception.runtime.files import Files
from edge_perception.runtime.library import Instance, Library
from edge_perception.runtime.private import private_copy
from edge_perception.runtime.selftest import parse_selftest, run_selftest, selftest_content
from edge_perception.runtime.tensorrt.finished import find_finished

_ATTEMPTS = 5
"""To read a bundle while others take its place."""


class LoadedModel(Instance):
    """
    A bundle's model, ready to run; see `Instance`.

    :ivar manifest: of the bundle, or of what ``edgec finish`` has made of it.
    :ivar caveat: what must be said of it, and what to do; empty if all is well.
    """

    def __init__(
        self,
        contents: Contents,
        library: Library,
        threads: int,
        variant: str | None,
        executor: Executor | None = None,
        priority: int = 0,
    ) -> None:
        super().__init__(library, threads, variant, executor, priority)
        self.manifest = contents.manifest
        self.signed_at = contents.signed_at
        self.caveat = self.manifest.proof.caveat


def load(
    bundle: str | Path,
    threads: int = 0,
    variant: str | None = None,
    selftest: bool = False,
    executor: Executor | None = None,
    priority: int = 0,
    trust: Trust | None = None,
) -> LoadedModel:
    """
    Load a bundle: a private copy, which no change of its files reaches.

    Where the bundle is for an accelerator, too, that runs it if ``edgec finish`` has prepared it
    for this device, else the bundle's library with a caveat. Nothing is ever built here.

    :param threads: that share the work, the calling one included; 0: one per processor.
    :param variant: an instruction set out of ``manifest.model.variants``, or the name of the
        accelerator, which must run it then; None: the best.
    :param selftest: run the model on the bundle's self-test and compare the outputs.
    :param executor: whose threads are used, in place of such of its own; ``threads`` is 0 then.
    :param priority: among the models of the executor; the highest goes first.
    :param trust: whose bundles are accepted; None: anybody's, signed or not.
    :raises BundleError: if the bundle is damaged, for another machine, fails its self-test, or is
        not signed by whom it should be: nothing of it has run then.
    """
    checked = _Checked(bundle, trust)
    accelerator = checked.manifest.accelerator
    if accelerator is None or variant not in (None, accelerator.name):
        return checked.create(threads, variant, selftest, executor, priority)
    try:
        finished = _Checked(find_finished(checked.manifest, checked.path), trust)
        return finished.create(threads, None, selftest, executor, priority)
    except BundleError as error:
        if variant is not None:
            raise
        reason = f"it runs on the CPU, without {accelerator.name}: {error}"
    model = checked.create(threads, None, selftest, executor, priority)
    model.caveat = "; ".join(filter(None, (model.caveat, reason)))
    return model


def check_variants(bundle: str | Path, trust: Trust | None = None) -> dict[str, float]:
    """
    Run the self-test with every instruction set of the bundle that this processor has.

    Where ``edgec finish`` has prepared the bundle for this device, its accelerator runs it, too.

    :param trust: whose bundles are accepted; None: anybody's, signed or not.
    :returns: the worst relative error of an output by instruction set, or by accelerator.
    :raises BundleError: if the bundle is damaged, for another machine, or fails its self-test.
    """
    checked = _Checked(bundle, trust)
    with checked.create() as best:
        manifest, variant = best.manifest, best.variant
    if variant not in manifest.model.variants:
        raise BundleError(f"{bundle} has a variant {variant!r} unknown to its manifest")
    errors = {}
    for name in manifest.model.variants:
        with suppress(ProcessorError), checked.create(variant=name) as model:
            errors[name] = checked.run_selftest(model)
    if (place := _finished(checked)) is not None:
        finished = _Checked(place, trust)
        with finished.create() as model:
            errors[model.variant] = finished.run_selftest(model)
    return errors


def _finished(checked: _Checked) -> Path | None:
    """Return the bundle that is finished for this device, if there is one."""
    if checked.manifest.accelerator is None:
        return None
    try:
        return find_finished(checked.manifest, checked.path)
    except BundleError:  # which is no fault of the bundle's
        return None


class _Checked:
    """What a bundle's files held when they were checked."""

    def __init__(self, bundle: str | Path, trust: Trust | None = None) -> None:
        """Read and check a bundle; if another takes its place meanwhile, that one."""
        for attempt in range(_ATTEMPTS):
            with open_bundle(bundle) as files:
                try:
                    self._read(files, trust)
                    return
                except BundleError:
                    if attempt + 1 == _ATTEMPTS or not files.was_replaced():
                        raise

    def _read(self, files: Files, trust: Trust | None) -> None:
        self.contents = contents = contents_of(files, trust)
        self.manifest = manifest = contents.manifest
        self.path = files.path
        _check_architecture(files.path, manifest.model.target)
        check_files(files, contents, except_for=(manifest.library, manifest.selftest))
        self._selftest = selftest_content(files, manifest)
        # the check of the library is that of the copy that is loaded
        blocks = partial(files.blocks, manifest.library, manifest.files[manifest.library])
        path = files.path / manifest.library
        self._library = Library(path, private_copy(blocks, path))
        if self._library.describe() != model_to_json(manifest.model):
            raise BundleError(
                f"{files.path}: {manifest.library} and manifest.json describe different models; "
                "compile the bundle again with edgec compile"
            )

    def create(
        self,
        threads: int = 0,
        variant: str | None = None,
        selftest: bool = False,
        executor: Executor | None = None,
        priority: int = 0,
    ) -> LoadedModel:
        """
        Make an instance; `load` says what the parameters mean.

        :raises BundleError: if it can't be made, or the self-test fails.
        """
        model = LoadedModel(self.contents, self._library, threads, variant, executor, priority)
        if selftest:
            try:
                self.run_selftest(model)
            except BundleError:
                model.close()
                raise
        return model

    def run_selftest(self, model: LoadedModel) -> float:
        """Run the self-test; returns the worst relative error."""
        path = self.path / self.manifest.selftest
        proof = self.manifest.proof
        selftest = parse_selftest(self._selftest, path, model.model, proof.answers)
        return run_selftest(model, selftest, path, proof)


def _check_architecture(directory: Path, target: str) -> None:
    machine, wanted = architecture(), target.split("-")[0]
    if wanted != machine:
        raise BundleError(
            f"{directory} was compiled for {wanted} processors, this machine is {machine}; "
            "compile the model for it: edgec compile MODEL -o OUT.edge --target "
            + TARGETS.get(machine, "TARGET")
        )
