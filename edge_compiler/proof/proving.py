"""Proving a library, postponing that to the device that it needs, and completing it there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
import shutil

from edge_compiler.errors import CompileError
from edge_compiler.files.atomic import new_folder
from edge_compiler.onnx_runtime.reference import Reference
from edge_compiler.progress import Progress
from edge_compiler.proof.difference import TOLERANCE
from edge_compiler.proof.prove import Prover
from edge_compiler.running.bundle import open_sandbox
from edge_compiler.samples.noise import accepted_inputs
from edge_compiler.sandbox import Sandbox
from edge_perception.runtime.bundle import write_manifest
from edge_perception.runtime.files import describe_file
from edge_perception.runtime.manifest import BundleFile, Manifest, Model, SIGNATURE_NAME
from edge_perception.runtime.proof import PENDING, Proof
from edge_perception.runtime.selftest import SelfTest, write_selftest


@dataclass(frozen=True)
class Proven:
    """
    What is known of a library.

    :ivar selftest: inputs and the answers that are right for them.
    :ivar errors: worst relative error by step; None for one that was not compared.
    """

    proof: Proof
    selftest: SelfTest
    errors: Sequence[float | None]


def prove(
    sandbox: Sandbox,
    model: Model,
    reference: Reference,
    images: Sequence[Path],
    progress: Progress,
) -> Proven:
    """
    Compare every step of a library with the reference; see `Prover`.

    :raises CompileError: at the first step that is wrong, naming it.
    """
    prover = Prover(sandbox, model, reference)
    proof = prover.prove(images, progress)
    return Proven(proof, prover.selftest, prover.errors)


def postpone(model: Model, reference: Reference, missing: str) -> Proven:
    """
    Leave the proof to the device, with a self-test out of the reference alone.

    :param missing: what the library needs and this machine lacks.
    """
    inputs, expected = accepted_inputs(model.inputs, model.preprocess, 0, reference.run)
    outputs = {tensor.name: expected[tensor.name] for tensor in model.outputs}
    proof = Proof("", TOLERANCE, 0.0, "", 0, PENDING, missing)
    return Proven(proof, (dict(inputs), (outputs,)), [None] * len(model.steps))


def write_cases(model: Model, network: Path, pattern: str, count: int = 4) -> None:
    """
    Write self-tests of another file of the network, with what ONNX Runtime makes of them.

    :param pattern: of their names beside it, with ``{}`` for the number.
    """
    reference = Reference(network, model.inputs, ())
    for number in range(count):
        inputs, expected = accepted_inputs(model.inputs, model.preprocess, number, reference.run)
        outputs = {tensor.name: expected[tensor.name] for tensor in model.outputs}
        write_selftest(network.with_name(pattern.format(number)), inputs, outputs)


def complete(
    bundle: Path, manifest: Manifest, model: Path, progress: Progress
) -> tuple[Manifest, Proven]:
    """
    Prove the library of a bundle and write that into the bundle, completely or not at all.

    :param model: the ONNX file that it was compiled from.
    :raises BundleError: if the bundle is damaged.
    :raises CompileError: if the library doesn't run here, or a step is wrong.
    """
    if bundle.is_file():
        raise CompileError(
            f"the proof of {bundle} is pending and can't be written into a packed bundle: unpack "
            "it with unzip, complete it, and pack it again with edgec pack"
        )
    facts = manifest.model
    reference = Reference(model, facts.inputs, [step.value for step in facts.steps])
    with new_folder(bundle) as folder:
        with open_sandbox(bundle, manifest) as sandbox:
            proven = prove(sandbox, facts, reference, (), progress)
        shutil.copytree(bundle, folder, dirs_exist_ok=True)
        inputs, answers = proven.selftest
        write_selftest(folder / manifest.selftest, inputs, *answers)
        files = {name: describe_file(folder / name) for name in manifest.files}
        manifest = replace(manifest, proof=proven.proof, files=files)
        write_manifest(folder, manifest)
        (folder / SIGNATURE_NAME).unlink(missing_ok=True)  # that was of another manifest
    return manifest, proven


def describe_files(folder: Path) -> dict[str, BundleFile]:
    """Return what a manifest says of the other files of a bundle."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): describe_file(path) for path in paths}
