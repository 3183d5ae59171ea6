"""Running the model of a bundle where the compiler is: as a robot does, or in an emulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_compiler import sandbox, toolchain
from edge_compiler.child.wire import Array
from edge_compiler.errors import CompileError
from edge_compiler.sandbox import Sandbox
from edge_compiler.sandbox.library import library_of
from edge_perception import runtime
from edge_perception.runtime import Instance, Trust
from edge_perception.runtime.manifest import Manifest, Model
from edge_perception.runtime.selftest import read_selftest, run_selftest


def is_native(triple: str) -> bool:
    """Return whether this machine is of a kind that bundles are compiled for."""
    return toolchain.for_machine(triple).machine.native


@contextmanager
def open_sandbox(bundle: Path, manifest: Manifest) -> Iterator[Sandbox]:
    """
    Load a bundle's library, in an emulator unless this machine can run it.

    :raises BundleError: if the library is damaged.
    :raises CompileError: if there is none, or the library is not that of the manifest.
    """
    triple = manifest.model.target
    with library_of(bundle, manifest) as library:
        try:
            opened = sandbox.open_sandbox(library, toolchain.for_machine(triple))
        except CompileError as error:
            raise CompileError(
                f"{bundle} was compiled for {triple} and can't be emulated here: {error}"
            ) from None
        with opened:
            _check_model(opened, bundle, manifest)
            yield opened


def _check_model(opened: Sandbox, bundle: Path, manifest: Manifest) -> None:
    if opened.model() != manifest.model:
        raise CompileError(
            f"{bundle}: {manifest.library} and manifest.json describe different models; "
            "compile the bundle again"
        )


@contextmanager
def open_model(
    bundle: Path, manifest: Manifest, threads: int
) -> Iterator[Instance | SandboxedInstance]:
    """
    Load a bundle as a robot does, or if it is for another kind of machine into an emulator.

    :param threads: that share the work; 0: one per processor.
    :raises BundleError: if the bundle is damaged.
    :raises CompileError: if it can't be emulated here.
    """
    if is_native(manifest.model.target):
        with runtime.load(bundle, threads=threads) as loaded:
            yield loaded
        return
    with open_sandbox(bundle, manifest) as opened:
        yield SandboxedInstance(opened, manifest.model, opened.best_variant(), threads)


def check_variants(
    bundle: Path, manifest: Manifest, trust: Trust | None = None
) -> dict[str, float]:
    """
    Run a bundle's self-test with every instruction set that the processor has.

    :param trust: whose bundles are accepted, if it runs as on a robot; None: anybody's.
    :returns: the worst relative error of an output by instruction set.
    :raises BundleError: if the bundle is damaged or fails.
    :raises CompileError: if it is for another kind of machine and can't be emulated here.
    """
    if is_native(manifest.model.target):
        return runtime.check_variants(bundle, trust)
    model, path = manifest.model, bundle / manifest.selftest
    selftest = read_selftest(bundle, manifest)
    with open_sandbox(bundle, manifest) as opened:
        return {
            variant: run_selftest(
                SandboxedInstance(opened, model, variant, threads=1),
                selftest,
                path,
                manifest.proof,
            )
            for variant in opened.variants(model)
        }


@dataclass(frozen=True)
class SandboxedInstance:
    """An instance in another process, with what those commands need of `Instance` here."""

    sandbox: Sandbox
    model: Model
    variant: str
    threads: int

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run the model on tensors."""
        return self.sandbox.run(self.variant, self.threads, inputs)

    def watch(self, inputs: Mapping[str, Array], each: Callable[[int, int, Array], None]) -> None:
        """Run, and hand over what each step computed; an emulator's times say nothing."""
        for step, value in enumerate(self.sandbox.observe(self.variant, self.threads, inputs)):
            each(step, 0, value)

    def run_image(self, frame: Array, encoding: str) -> dict[str, Array]:
        """Run the model on a camera frame."""
        image = self.sandbox.preprocess(frame, encoding)
        return self.run({self.model.inputs[0].name: image})
