"""What comes out when a finished library is run: the proof, what is lost, and how fast it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import os
from pathlib import Path
import statistics

from edge_compiler.machine import processor
from edge_compiler.onnx_runtime.reference import Reference
from edge_compiler.precision.library import Loss
from edge_compiler.profiling import in_turns, make_profile, Profile
from edge_compiler.progress import Progress
from edge_compiler.proof.prove import Inputs
from edge_compiler.proof.proving import postpone, prove, Proven
from edge_compiler.sandbox import NativeSandbox
from edge_compiler.targets.base import Target
from edge_compiler.targets.peak import peak_meter
from edge_perception.runtime.accuracy import Accuracy
from edge_perception.runtime.manifest import Model, Step
from edge_perception.runtime.record import Speed

MEASURE_SECONDS = PROFILE_SECONDS = 0.5
TURN_SECONDS = 0.05


@dataclass(frozen=True)
class Tried:
    """
    What came out when a library was run.

    :ivar accuracy: what it lost by its precision; None: that wasn't measured.
    :ivar speed: None if it runs in an emulator or on a device alone, as is the profile then.
    """

    proven: Proven
    accuracy: Accuracy | None = None
    speed: Speed | None = None
    profile: Profile | None = None


def try_library(
    library: Path,
    compiled: Model,
    target: Target,
    file: Path,
    images: Sequence[Path],
    loss: Loss | None,
    progress: Progress,
) -> Tried:
    """
    Prove a library and measure it, or leave that to the device that it needs.

    :param compiled: what it was made as.
    :param file: the model's, which it is compared with.
    :param images: to prove it on.
    :param loss: how it is measured what it loses; None: it isn't.
    :raises CompileError: if it isn't right.
    """
    reference = Reference(file, compiled.inputs, [step.value for step in compiled.steps])
    if missing := target.missing_device(compiled):
        return Tried(postpone(compiled, reference, missing))
    with target.sandbox(library) as sandbox:
        proven = prove(sandbox, compiled, reference, images, progress)
        accuracy = None if loss is None else loss.of(sandbox, compiled, progress)
        if not isinstance(sandbox, NativeSandbox):
            return Tried(proven, accuracy)
        progress("measuring the speed", 0, 0)
        inputs, _ = proven.selftest
        speed = _measure_speed(sandbox, inputs)
        return Tried(proven, accuracy, speed, _measure_profile(sandbox, compiled.steps, inputs))


def _measure_speed(sandbox: NativeSandbox, inputs: Inputs) -> Speed:
    """Measure whole runs with all processors."""
    threads = len(os.sched_getaffinity(0))
    run_ms = sandbox.measure(threads, inputs, MEASURE_SECONDS)
    return Speed(processor(), threads, min(run_ms), statistics.median(run_ms))


def _measure_profile(sandbox: NativeSandbox, steps: Sequence[Step], inputs: Inputs) -> Profile:
    """Measure every step with one thread."""
    variant = sandbox.best_variant()
    sandbox.rest()  # a compiler is run next, which needs the room
    with peak_meter(variant, 1) as peak:
        observed, peaks = in_turns(
            lambda: sandbox.profile(variant, 1, inputs, TURN_SECONDS), peak, PROFILE_SECONDS
        )
    return make_profile(steps, observed, variant, 1, peaks)
