"""What ``edgec compile`` says of the bundle that it has made."""

from __future__ import annotations

from pathlib import Path

from edge_compiler.frontends import LEFT_OUT
from edge_compiler.terminal import duration, note, say
from edge_compiler.units import size
from edge_perception.runtime.accelerator import Accelerator
from edge_perception.runtime.manifest import Decoder, Manifest, Model
from edge_perception.runtime.proof import Proof
from edge_perception.runtime.record import Speed
from edge_perception.runtime.schema import encode


def as_json(bundle: Path, manifest: Manifest, speed: Speed | None) -> dict[str, object]:
    """Return it for programs; of no speed: the proof was emulated."""
    model, proof = manifest.model, manifest.proof
    return {
        "bundle": str(bundle),
        "name": model.name,
        "proof": proof.state,
        "worst_error": proof.worst_error,
        "worst_step": proof.worst_step,
        "inputs": proof.inputs,
        "accuracy": encode(manifest.accuracy),
        "pruning": encode(manifest.pruning),
        "median_ms": speed.median_ms if speed else None,
        "weight_bytes": model.weight_bytes,
        "arena_bytes": model.arena_bytes,
    }


def show(
    source: Path, bundle: Path, manifest: Manifest, speed: Speed | None, over_budget: str = ""
) -> None:
    """
    Print it for people.

    :param source: the model's file.
    :param speed: None: the proof was emulated, or is pending.
    :param over_budget: which precision it has, and why, if none was within the budget.
    """
    model, proof = manifest.model, manifest.proof
    if proof.caveat:
        note(f"{bundle}: {proof.caveat}")
    else:
        say(f"proven: {_proven(model, proof)}")
    if manifest.accelerator is not None:
        note(_pending(manifest.accelerator, bundle))
    if manifest.pruning is not None:
        say(f"pruned: {manifest.pruning}")
    if manifest.accuracy is not None:
        say(f"accuracy: {manifest.accuracy}")
        if unknown := set(model.rounding_variants) - set(manifest.accuracy.variants):
            note(
                f"what {', '.join(sorted(unknown))} rounds does not count: this machine can't run "
                "it; compile where it can"
            )
    elif over_budget:
        say(f"precision: {over_budget}")
    if model.preprocess is not None:
        say(f"frames: {model.preprocess}")
    if speed:
        say(f"speed: {duration(speed.median_ms)} a run with {speed.threads} thread(s)")
    elif not proof.caveat:
        say("speed: not measured, the proof was emulated; on the machine itself: edgec profile")
    say(f"memory: {size(model.weight_bytes)} weights, {size(model.arena_bytes)} working memory")
    say(f"written: {bundle}", "bold green")
    if left_out := model.provenance.get(LEFT_OUT):
        note(f"of what {source} says of itself this is left out: {left_out}")
    if model.preprocess is None:
        note(
            "the model has no pre-processing, so it can't be run on camera frames; "
            "give it with --preprocess FILE.json (see docs/cli.md)"
        )
    elif model.decoder.because:
        note(_meaning(model.decoder))


def _proven(model: Model, proof: Proof) -> str:
    """Return what was compared, with what, and where the difference was largest."""
    against = f"on {proof.inputs} inputs against {proof.reference}"
    if not model.steps:
        outputs = ", ".join(tensor.name for tensor in model.outputs)
        return f"{outputs} {against}; inputs become outputs without a step"
    worst = f"worst relative error {proof.worst_error:.1e} at {proof.worst_step}"
    return f"{len(model.steps)} steps {against}, {worst}"


def _pending(accelerator: Accelerator, bundle: Path) -> str:
    """Return what is left to do where the accelerator is."""
    if accelerator.refused:
        node, reason = next(iter(accelerator.refused.items()))
        return (
            f"{accelerator.name} can't run the network ({len(accelerator.refused)} nodes; "
            f"'{node}': {reason}), so the library does; edgec explain lists them"
        )
    return (
        f"{accelerator.name}: pending on the device, where edgec finish {bundle} builds and "
        "proves its engine; till then the library runs"
    )


def _meaning(decoder: Decoder) -> str:
    """Return what the outputs were taken for, where nobody has said what they mean."""
    if decoder.kind == "tensors":
        return (
            f"what the outputs mean is not known: {decoder.because}; say it with --decoder "
            "(see docs/decoders.md)"
        )
    return (
        f"the outputs are read by the decoder {decoder.kind}, as they look like its own: "
        f"{decoder.because}; if they are not, say so with --decoder"
    )
