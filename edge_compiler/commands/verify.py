"""``edgec verify``: whether a bundle is intact and still right."""

from __future__ import annotations

import argparse
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge_compiler.commands import add_bundle, add_command, add_json
from edge_compiler.errors import CompileError
from edge_compiler.terminal import progress, say, say_json
from edge_perception.runtime.command import add_keys, signed_by, trust_of

if TYPE_CHECKING:
    from edge_compiler.progress import Progress
    from edge_perception.runtime.accuracy import Accuracy, Pruning
    from edge_perception.runtime.manifest import Manifest
    from edge_perception.runtime.parser import Commands


def register(commands: Commands) -> None:
    """Add the parser."""
    parser = add_command(
        commands, "verify", "check a bundle's files, run its self-test and prove it again", run
    )
    add_bundle(parser)
    add_keys(parser)
    parser.add_argument(
        "--model",
        type=Path,
        metavar="MODEL",
        help="the model's file, to compare every node (default: look beside the bundle and in the "
        "cache of edgec fetch)",
    )
    add_json(parser)


@dataclass(frozen=True)
class Findings:
    """
    What was checked.

    :ivar signature: whose it is, and whether it was checked.
    :ivar selftest_errors: relative error by instruction-set variant, or accelerator.
    :ivar model: the file that the steps were compared with, None if it isn't at hand.
    :ivar node_errors: relative error by step; None for one without a counterpart in the file.
    :ivar compared: what the bundle says of the model as the file does, such as "labels".
    :ivar accuracy: what a quantised model lost, as the bundle says.
    :ivar pruning: what was removed from a model, as the bundle says.
    :ivar exact: of how many steps the self-test compared all bytes.
    :ivar completed: whether the proof was pending until now.
    """

    bundle: str
    files: int
    signature: str
    selftest_errors: dict[str, float]
    model: str | None = None
    node_errors: dict[str, float | None] = field(default_factory=dict)
    compared: tuple[str, ...] = ()
    exact: int = 0
    completed: bool = False
    accuracy: Accuracy | None = None
    pruning: Pruning | None = None


def run(arguments: argparse.Namespace) -> int:
    """Check what can be checked on this machine; anything wrong is an error."""
    from edge_compiler.frontends import as_onnx
    from edge_compiler.running.bundle import check_variants
    from edge_perception.runtime import read_contents

    bundle, trust = arguments.bundle, trust_of(arguments)
    with progress() as show, ExitStack() as converted:
        show("checking the files", 0, 0)
        contents = read_contents(bundle, trust)
        manifest = contents.manifest
        found = _find_model(bundle, manifest, arguments.model)
        model = None if found is None else converted.enter_context(as_onnx(found))
        if pending := bool(manifest.proof.caveat):
            manifest, errors = _complete(bundle, manifest, model, show)
        show("running the self-test", 0, 0)
        findings = Findings(
            str(bundle),
            contents.count,
            signed_by(contents, trust),
            check_variants(bundle, manifest, trust),
            exact=len(manifest.proof.digests),
            completed=pending,
            accuracy=manifest.accuracy,
            pruning=manifest.pruning,
        )
        if model is not None:
            compared = _compare(manifest, model)
            if not pending:
                errors = _prove(bundle, manifest, model, show)
            findings = replace(findings, model=str(found), node_errors=errors, compared=compared)
    if arguments.json:
        say_json(asdict(findings))
    else:
        _print(findings, manifest)
    return 0


def _print(findings: Findings, manifest: Manifest) -> None:
    say(f"files: {findings.files} as the manifest says")
    say(f"signature: {findings.signature}")
    exact = f", {findings.exact} tensors byte for byte" if findings.exact else ""
    for variant, error in findings.selftest_errors.items():
        how = exact if variant in manifest.model.variants else ""
        say(f"self-test: relative error {error:.1e}{how} ({variant})")
    accelerator = manifest.accelerator
    if accelerator is not None and accelerator.name not in findings.selftest_errors:
        say(f"{accelerator.name}: not prepared for this device; see edgec finish")
    if findings.compared:
        say(f"{', '.join(findings.compared)}: as {findings.model} says")
    if given := ", ".join(manifest.given):
        say(f"{given}: not compared, given to edgec compile in place of the file's")
    known = {name: e for name, e in findings.node_errors.items() if e is not None}
    if findings.model is None:
        say("nodes: not compared, the model is not at hand; give it with --model")
    elif known:
        worst = max(known, key=lambda name: known[name])
        say(
            f"nodes: {len(known)} steps as {findings.model} says, "
            f"worst relative error {known[worst]:.1e} at {worst}"
        )
    if findings.pruning is not None:
        say(f"pruned: {findings.pruning}")
    if findings.accuracy is not None:
        say(f"accuracy, measured when it was quantised: {findings.accuracy}")
    if findings.completed:
        say("proof: completed, it was pending until now")
    say(f"{findings.bundle} is right", "bold green")


def _find_model(bundle: Path, manifest: Manifest, given: Path | None) -> Path | None:
    """Return the file that the bundle was compiled from, if it is at hand."""
    from edge_compiler.zoo import model_folder

    wanted = manifest.model.sha256
    if given is not None:
        if (digest := _digest(given)) != wanted:
            raise CompileError(
                f"{given} is not the model that {bundle} was compiled from: its SHA-256 is "
                f"{digest[:12]}..., expected {wanted[:12]}..."
            )
        return given
    name = Path(manifest.model.provenance.get("file", "model.onnx")).name
    candidates = [
        bundle.resolve().parent / name,
        bundle / "source" / "model.onnx",  # kept by --keep-source
    ]
    with suppress(CompileError):  # a user without a home folder has no cache
        candidates.append(model_folder(Path(name).stem) / name)
    for path in filter(Path.exists, candidates):
        with suppress(CompileError):  # another one of that name
            if _digest(path) == wanted:
                return path
    return None


def _digest(model: Path) -> str:
    """Return the SHA-256 of a model as ONNX."""
    from edge_compiler.files.reading import sha256
    from edge_compiler.frontends import as_onnx

    with as_onnx(model) as file:
        return sha256(file)


def _compare(manifest: Manifest, model: Path) -> tuple[str, ...]:
    from edge_compiler import frontend
    from edge_compiler.description.describe import check_description

    shapes = {tensor.name: tensor.shape for tensor in manifest.model.inputs}
    return check_description(manifest.model, manifest.given, frontend.load(model, shapes), model)


def _complete(
    bundle: Path, manifest: Manifest, model: Path | None, show: Progress
) -> tuple[Manifest, dict[str, float | None]]:
    """Do the proof that is pending; return the new manifest, and the errors by step."""
    from edge_compiler.proof.proving import complete

    if model is None:
        raise CompileError(
            f"the proof of {bundle} is pending and needs the model, which is not at hand; "
            "give it with --model"
        )
    manifest, proven = complete(bundle, manifest, model, show)
    steps = zip(manifest.model.steps, proven.errors, strict=True)
    return manifest, {step.name: error for step, error in steps}


def _prove(
    bundle: Path, manifest: Manifest, model: Path, show: Progress
) -> dict[str, float | None]:
    from edge_compiler.onnx_runtime.reference import Reference
    from edge_compiler.proof.prove import Prover
    from edge_compiler.running.bundle import open_sandbox

    steps = manifest.model.steps
    reference = Reference(model, manifest.model.inputs, [step.value for step in steps])
    with open_sandbox(bundle, manifest) as sandbox:
        prover = Prover(sandbox, manifest.model, reference)
        prover.prove((), show)
    return {step.name: error for step, error in zip(steps, prover.errors, strict=True)}
