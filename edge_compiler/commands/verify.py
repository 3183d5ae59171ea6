"""``edgec verify``: whether a bundle is intact and still right."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edge_compiler.commands import add_bundle, add_command, add_json
from edge_compiler.errors import CompileError
from edge_compiler.terminal import progress, say, say_json

if TYPE_CHECKING:
    from edge_compiler.commands import Commands
    from edge_compiler.terminal import ProgressFunction
    from edge_perception.runtime.manifest import Manifest


def register(commands: Commands) -> None:
    """Add the parser."""
    parser = add_command(
        commands, "verify", "check a bundle's files, run its self-test and prove it again", run
    )
    add_bundle(parser)
    parser.add_argument(
        "--model",
        type=Path,
        metavar="M.onnx",
        help="the ONNX file, to compare every node (default: look beside the bundle and in the "
        "cache of edgec fetch)",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check what can be checked on this machine; anything wrong is an error."""
    from edge_perception.runtime import read_manifest

    bundle = arguments.bundle
    result: dict[str, object] = {"bundle": str(bundle)}
    with progress() as show:
        show("checking the files", 0, 0)
        manifest = read_manifest(bundle)
        result["files"] = len(manifest.files)
        model = _find_model(bundle, manifest, arguments.model)
        result["selftest_errors"] = _selftest(bundle, manifest, show)
        result["model"] = str(model) if model else None
        result["node_errors"] = _prove(bundle, manifest, model, show) if model else None
    if arguments.json:
        say_json(result)
    else:
        _print(result)
    return 0


def _print(result: dict[str, object]) -> None:
    say(f"files: {result['files']} as the manifest says")
    selftest_errors = result["selftest_errors"]
    assert isinstance(selftest_errors, dict)
    for variant, error in selftest_errors.items():
        say(f"self-test: relative error {error:.1e} ({variant})")
    node_errors = result["node_errors"]
    if isinstance(node_errors, dict):
        known = {name: error for name, error in node_errors.items() if error is not None}
        worst = max(known, key=lambda name: known[name])
        say(
            f"nodes: {len(known)} steps as {result['model']} says, "
            f"worst relative error {known[worst]:.1e} at {worst}"
        )
    else:
        say("nodes: not compared, the ONNX file is not at hand; give it with --model")
    say(f"{result['bundle']} is right", "bold green")


def _find_model(bundle: Path, manifest: Manifest, given: Path | None) -> Path | None:
    """Return the ONNX file that the bundle was compiled from, if it is at hand."""
    from edge_compiler.description import sha256
    from edge_compiler.zoo import model_folder

    wanted = manifest.model.sha256
    if given is not None:
        if sha256(given) != wanted:
            raise CompileError(
                f"{given} is not the model that {bundle} was compiled from: its SHA-256 is "
                f"{sha256(given)[:12]}..., expected {wanted[:12]}..."
            )
        return given
    name = Path(manifest.model.provenance.get("file", "model.onnx")).name
    candidates = [bundle.resolve().parent / name, model_folder(Path(name).stem) / name]
    return next((path for path in candidates if path.is_file() and sha256(path) == wanted), None)


def _selftest(bundle: Path, manifest: Manifest, show: ProgressFunction) -> dict[str, float]:
    """Return the self-test's relative error for every variant that this processor can run."""
    from edge_perception.runtime import check_selftest, load

    errors = {}
    with load(bundle) as best:
        variants = manifest.model.variants[manifest.model.variants.index(best.variant) :]
    for variant in variants:
        show("running the self-test", 0, 0)
        with load(bundle, variant=variant) as loaded:
            selftest = bundle / manifest.selftest
            errors[variant] = check_selftest(loaded, selftest, manifest.proof.tolerance)
    return errors


def _prove(
    bundle: Path, manifest: Manifest, model: Path, show: ProgressFunction
) -> dict[str, float | None]:
    from edge_compiler.prove import Prover
    from edge_compiler.reference import Reference
    from edge_compiler.sandbox import Sandbox

    steps = manifest.model.steps
    reference = Reference(model, manifest.model.inputs, [step.value for step in steps])
    with Sandbox(bundle / manifest.library) as sandbox:
        prover = Prover(sandbox, manifest.model, reference)
        prover.prove((), show)
    return {step.name: error for step, error in zip(steps, prover.errors, strict=True)}
