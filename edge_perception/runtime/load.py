"""Loading a bundle: check everything, then run code from it, never the other way round."""

from __future__ import annotations

from pathlib import Path

from edge_perception.runtime.architecture import architecture
from edge_perception.runtime.bundle import model_to_json, read_manifest
from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.library import Instance, Library
from edge_perception.runtime.manifest import Manifest
from edge_perception.runtime.selftest import check_selftest

_TARGETS = {"x86_64": "host", "aarch64": "aarch64", "arm": "armv7"}
"""What to compile for, by architecture."""


class LoadedModel(Instance):
    """A bundle's model, ready to run; see `Instance`."""

    def __init__(
        self, manifest: Manifest, library: Library, threads: int, variant: str | None
    ) -> None:
        super().__init__(library, threads, variant)
        self.manifest = manifest


def load(
    bundle: str | Path, threads: int = 0, variant: str | None = None, selftest: bool = False
) -> LoadedModel:
    """
    Load a bundle.

    :param threads: that share the work, the calling one included; 0: one per processor.
    :param variant: an instruction set out of ``manifest.model.variants``; None: the best.
    :param selftest: run the model on the bundle's self-test and compare the outputs.
    :raises BundleError: if the bundle is damaged, for another machine, or fails its self-test.
    """
    directory = Path(bundle)
    manifest = read_manifest(directory)
    _check_architecture(directory, manifest.model.target)
    library = Library(directory / manifest.library)
    if library.describe() != model_to_json(manifest.model):
        raise BundleError(
            f"{directory}: {manifest.library} and manifest.json describe different models; "
            "compile the bundle again with edgec compile"
        )
    model = LoadedModel(manifest, library, threads, variant)
    if selftest:
        try:
            check_selftest(model, directory / manifest.selftest, manifest.proof.tolerance)
        except BundleError:
            model.close()
            raise
    return model


def check_variants(bundle: str | Path) -> dict[str, float]:
    """
    Run the self-test with every instruction set of the bundle that this processor has.

    :returns: the worst relative error of an output by instruction set.
    :raises BundleError: if the bundle is damaged, for another machine, or fails its self-test.
    """
    with load(bundle) as best:
        manifest, variant = best.manifest, best.variant
    selftest = Path(bundle) / manifest.selftest
    errors = {}
    for name in manifest.model.variants[manifest.model.variants.index(variant) :]:
        with load(bundle, variant=name) as model:
            errors[name] = check_selftest(model, selftest, manifest.proof.tolerance)
    return errors


def _check_architecture(directory: Path, target: str) -> None:
    machine, wanted = architecture(), target.split("-")[0]
    if wanted != machine:
        raise BundleError(
            f"{directory} was compiled for {wanted} processors, this machine is {machine}; "
            "compile the model for it: edgec compile MODEL -o OUT.edge --target "
            + _TARGETS.get(machine, "TARGET")
        )
