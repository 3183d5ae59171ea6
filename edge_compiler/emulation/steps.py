"""Counting the instructions of every step of a library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
import tempfile

import numpy as np

from edge_compiler.child.wire import Array
from edge_compiler.emulation.counting import counting, instructions_by_step
from edge_compiler.sandbox import EmulatedSandbox
from edge_compiler.toolchain.base import Toolchain
from edge_compiler.toolchain.processors import Processor

RUNS = 2
"""Of which the last is counted: the first one pays for what is done once."""


@dataclass(frozen=True)
class StepCounts:
    """
    What was counted.

    :ivar variant: the instruction set that ran.
    :ivar instructions: of each step.
    """

    variant: str
    instructions: list[int]


def count_steps(
    library: Path,
    tools: Toolchain,
    *,
    inputs: Mapping[str, Array] | None = None,
    variant: str | None = None,
    processor: Processor | None = None,
) -> StepCounts:
    """
    Run a library in an emulator, on one thread, and count.

    :param tools: that compiled it.
    :param inputs: None: zeros.
    :param variant: to run; None: what the library chooses on that processor.
    :param processor: to emulate; None: the usual one of that kind of machine.
    :raises CompileError: if the emulator is missing or can't count, or the library fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "marks"
        emulator = counting(tools.emulator(processor), log)
        with EmulatedSandbox(library, tools, emulator) as sandbox:
            model = sandbox.model()
            if inputs is None:
                inputs = {t.name: np.zeros(t.shape, t.form.type.numpy) for t in model.inputs}
            variant = variant or sandbox.best_variant()
            sandbox.mark_steps(variant, 1, inputs, RUNS)
        return StepCounts(variant, instructions_by_step(log, len(model.steps)))
