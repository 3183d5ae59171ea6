"""Where the instructions of a run go: by step, and by kind of step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_compiler import toolchain
from edge_compiler.emulation.steps import count_steps, StepCounts
from edge_compiler.errors import CompileError, hint
from edge_compiler.profiling import share_of, sums_by_group
from edge_compiler.sandbox.library import library_of
from edge_compiler.toolchain.processors import Processor, PROCESSORS
from edge_perception.runtime import read_manifest
from edge_perception.runtime.manifest import Step
from edge_perception.runtime.selftest import read_selftest


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
    inputs, _ = read_selftest(bundle, manifest)
    with library_of(bundle, manifest) as library:
        counts = count_steps(library, tools, inputs=inputs, processor=emulated)
    return _summarise(model.steps, counts, emulated.name)


def _processor(name: str | None, usual: Processor) -> Processor:
    if name is None:
        return usual
    known = {x.name: x for x in PROCESSORS if x.architecture == usual.architecture}
    if name not in known:
        raise CompileError(f"unknown processor {name!r} for --cpu; {hint(name, known)}")
    return known[name]


def _summarise(steps: Sequence[Step], counts: StepCounts, processor: str) -> InstructionProfile:
    total = sum(counts.instructions)
    counted = tuple(
        StepInstructions(
            step=step.name,
            kernel=step.kernel,
            backend=step.backend,
            group=step.group,
            instructions=count,
            share=share_of(count, total),
            per_mac=count / step.macs if step.macs else None,
        )
        for step, count in zip(steps, counts.instructions, strict=True)
    )
    groups = tuple(
        GroupInstructions(*group) for group in sums_by_group(steps, counts.instructions)
    )
    return InstructionProfile(processor, counts.variant, total, groups, counted)
