"""Whose instructions are counted: engines in an emulated Python, and our libraries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
import json
from pathlib import Path
import tempfile

import numpy as np
from numpy.typing import NDArray

from bench import environments
from bench.arm import guest
from bench.arm.contenders import CONTENDERS
from bench.arm.results import Counted
from bench.cache import folder_size
from bench.engines import ENGINES, OURS
from bench.engines.tiers import FLOAT32, INT8, ON_ARM, TIERS
from bench.environments import Environment
from bench.process import Worker
from edge_compiler import toolchain
from edge_compiler.emulation.counting import counting, mark_number, read_marks
from edge_compiler.emulation.profiling import count_instructions
from edge_compiler.sandbox import EmulatedSandbox
from edge_compiler.toolchain.base import Toolchain
from edge_compiler.toolchain.processors import Processor
from edge_perception.runtime import read_manifest

Array = NDArray[np.float32]
RUNS = 2
ANSWER_SECONDS = 1800
"""An emulated run takes up to a minute, and the machine may be busy."""
_ENGINES = {**ENGINES, **TIERS, **ON_ARM}
GUEST_END = 1 << 40
"""QEMU maps what a program for aarch64 has below this address, and its own data above."""


@dataclass(frozen=True)
class Subject:
    """
    An engine that PyPI has wheels of for aarch64.

    :ivar here: its release for this machine, which converts networks.
    :ivar wheels: the same release for the guest; None if it is not called from Python.
    """

    here: Environment
    wheels: Path | None
    precision: str
    processor: Processor

    @property
    def package_bytes(self) -> int:
        """Size of the package in the guest."""
        if self.wheels is None:
            return 0
        return environments.describe(self.here.engine, self.here.python, self.wheels).size

    @property
    def options(self) -> str:
        """With which the engine runs networks."""
        return json.dumps(dict(self.here.engine.options))

    def convert(self, network: str, model: Path, samples: Path) -> Path:
        """
        Return the folder with what the engine loads, converted if need be.

        :param samples: inputs that calibrate integers.
        """
        options = (str(samples),) if self.precision == INT8 else ()
        return environments.convert(self._with(options), network, model)

    def _with(self, options: tuple[str, ...]) -> Environment:
        """Return the environment with further options for its converter."""
        engine = self.here.engine
        changed = replace(engine, convert_options=(*engine.convert_options, *options))
        return replace(self.here, engine=changed)

    def count(self, conversion: Path, image: Path) -> tuple[Counted, Sequence[Array]]:
        """
        Count the instructions of a converted network.

        :returns: with the outputs, sorted by name.
        :raises BenchError: if the engine can't run it.
        :raises CompileError: if the emulator is missing.
        """
        assert self.wheels
        with tempfile.TemporaryDirectory() as folder:
            launcher, log = Path(folder) / "python", Path(folder) / "marks"
            there = environments.describe(self.here.engine, launcher, self.wheels)
            emulator = counting(guest.emulator(self.processor), log)
            guest.write_launcher(launcher, self.wheels, self.processor, emulator)
            with Worker(there, conversion, image, 1, ANSWER_SECONDS) as worker:
                worker.mark_runs(mark_number(0), mark_number(1), RUNS)
                memory = resident_bytes(worker.pid, GUEST_END)
                outputs = worker.outputs()
            return Counted(between_marks(log), folder_size(conversion), memory), outputs


@dataclass(frozen=True)
class Library(Subject):
    """
    A library that we compile.

    :ivar tools: that compile for the target, and emulate it.
    """

    tools: Toolchain

    def convert(self, network: str, model: Path, samples: Path) -> Path:
        """Return the folder with the bundle, compiled if need be: one for all processors."""
        options: tuple[str, ...] = ()
        if self.precision != FLOAT32:
            options = ("--precision", self.precision)
        if self.precision == INT8:
            options += ("--calibration", str(samples))
        kind = " ".join((*self.here.engine.convert_options, self.precision))
        return environments.convert(self._with(options), f"{network}/{kind}", model)

    def count(self, conversion: Path, image: Path) -> tuple[Counted, Sequence[Array]]:
        """Count as for other engines, and by step; without Python where the guest has none."""
        bundle = conversion / "model.edge"
        manifest = read_manifest(bundle)
        if self.wheels:
            counted, outputs = super().count(conversion, image)
        else:
            counted, outputs = self._count_library(bundle / manifest.library, image)
        details = replace(
            counted,
            loaded_bytes=(bundle / manifest.library).stat().st_size,
            arena_bytes=manifest.model.arena_bytes,
            groups={
                x.name: x.instructions
                for x in count_instructions(bundle, self.processor.name).groups
            },
        )
        return details, outputs

    def _count_library(self, library: Path, image: Path) -> tuple[Counted, Sequence[Array]]:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "marks"
            emulator = counting(self.tools.emulator(self.processor), log)
            with EmulatedSandbox(library, self.tools, emulator) as sandbox:
                variant = sandbox.best_variant()
                inputs = {read_manifest(library.parent).model.inputs[0].name: np.load(image)}
                outputs = sandbox.run(variant, 1, inputs)
                sandbox.mark_runs(variant, 1, inputs, RUNS)
            counted = Counted(between_marks(log), 0)
        return counted, [outputs[name] for name in sorted(outputs)]


def prepare(name: str) -> Subject:
    """
    Install an engine here and for the guest, if it isn't yet.

    :param name: out of ``CONTENDERS``.
    :raises BenchError: if that fails.
    """
    contender = CONTENDERS[name]
    kind = contender.precision, contender.processor
    if not contender.target:
        here = environments.prepare(_ENGINES[contender.engine], upgrade=False)
        return Subject(here, guest.unpack_wheels(here.engine, here.version), *kind)
    options = ("--target", contender.target, *contender.options)
    here = environments.prepare(replace(ENGINES[OURS], convert_options=options), upgrade=False)
    tools = toolchain.get(contender.target)
    in_guest = tools.machine == guest.TOOLS.machine
    wheels = guest.unpack_wheels(here.engine, here.version) if in_guest else None
    return Library(here, wheels, *kind, tools)


def between_marks(log: Path) -> list[int]:
    """Return the instructions of each run, which stands between two marks."""
    counts = [count for _, count in read_marks(log)]
    return [end - start for start, end in zip(counts[::2], counts[1::2], strict=True)]


def resident_bytes(process: int, end: int) -> int:
    """Return how much of a process's memory below an address is in use."""
    total, counts = 0, False
    for line in Path(f"/proc/{process}/smaps").read_text().splitlines():
        name, *values = line.split()
        if name == "Rss:" and counts:
            total += int(values[0]) * 1024
        elif not name.endswith(":"):  # a mapping's first line: its addresses
            counts = int(name.partition("-")[0], 16) < end
    return total
