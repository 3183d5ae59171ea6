"""Where the instructions of a run go: by step, and by kind of step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
import tempfile

from edge_compiler import toolchain
from edge_compiler.emulation.counting import counting, instructions_by_step
from edge_compiler.errors import CompileError
from edge_compiler.profiling import group_of, GROUPS, OTHER
from edge_compiler.sandbox import EmulatedSandbox
from edge_compiler.toolchain.processors import Processor, PROCESSORS
from edge_perception.runtime import read_manifest
from edge_perception.runtime.manifest import Step
from edge_perception.runtime.selftest import read_selftest

RUNS = 2
"""The first one pays for what is done once."""


@dataclass(frozen=True)
class StepInstructions:
    """
    The instructions of a step.

    :ivar share: of the sum over all steps.
    :ivar per_mac: instructions per multiply-accumulate, as the manifest counts them; None without
        any.
    """

    step: str
    kernel: str
    backend: str
    group: str
    instructions: int
    share: float
    per_mac: float | None


@dataclass(frozen=True)
class GroupInstructions:
    """The sum over the steps of a group; ``share`` is that of the sum over all steps."""

    name: str
    steps: int
    instructions: int
    share: float


@dataclass(frozen=True)
class InstructionProfile:
    """
    What was counted.

    :ivar processor: that was emulated.
    :ivar variant: the instruction set that ran.
    :ivar instructions: sum of the steps.
    """

    processor: str
    variant: str
    instructions: int
    groups: tuple[GroupInstructions, ...]
    steps: tuple[StepInstructions, ...]


def count_instructions(bundle: Path, processor: str | None = None) -> InstructionProfile:
    """
    Run a bundle for Arm in an emulator, on its self-test's input and one thread, and count.

    :param processor: to emulate; None: the usual one of that kind of machine.
    :raises BundleError: if the bundle is damaged.
    :raises CompileError: if it is not for Arm, the emulator is missing or does not know the
        processor.
    """
    manifest = read_manifest(bundle)
    model = manifest.model
    tools = toolchain.for_machine(model.target)
    if tools.machine.emulator is None:
        raise CompileError(
            f"{bundle} was compiled for {model.target}, which is not emulated; leave out --qemu "
            "to measure times, or compile with --target aarch64 to count instructions"
        )
    emulated = _processor(processor, tools.machine.emulator.processor)
    inputs, _ = read_selftest(bundle / manifest.selftest, model.inputs, model.outputs)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "marks"
        emulator = counting(tools.emulator(emulated), log)
        with EmulatedSandbox(bundle / manifest.library, tools, emulator) as sandbox:
            variant = sandbox.best_variant()
            sandbox.mark_steps(variant, 1, inputs, RUNS)
        counts = instructions_by_step(log, len(model.steps))
    return summarise(model.steps, counts, emulated.name, variant)


def _processor(name: str | None, usual: Processor) -> Processor:
    if name is None:
        return usual
    known = {x.name: x for x in PROCESSORS if x.architecture == usual.architecture}
    if name not in known:
        raise CompileError(f"unknown processor {name!r} for --cpu; there are: {', '.join(known)}")
    return known[name]


def summarise(
    steps: Sequence[Step], counts: Sequence[int], processor: str, variant: str
) -> InstructionProfile:
    """Summarise the instructions of every step."""
    total = sum(counts)

    def share(part: int) -> float:
        return part / total if total else 0.0

    counted = tuple(
        StepInstructions(
            step=step.name,
            kernel=step.kernel,
            backend=step.backend,
            group=group_of(step),
            instructions=count,
            share=share(count),
            per_mac=count / step.macs if step.macs else None,
        )
        for step, count in zip(steps, counts, strict=True)
    )
    groups = []
    for name in (*GROUPS, OTHER):
        members = [step.instructions for step in counted if step.group == name]
        groups.append(GroupInstructions(name, len(members), sum(members), share(sum(members))))
    return InstructionProfile(processor, variant, total, tuple(groups), counted)
