"""What measures the steps of a library: their time, or where that can't be, their instructions."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from edge_compiler.emulation.steps import count_steps
from edge_compiler.errors import CompileError
from edge_compiler.ir.graph import Graph
from edge_compiler.machine import cache_bytes, processor_identity
from edge_compiler.sandbox import NativeSandbox
from edge_compiler.targets.c.cost import INSTRUCTIONS, MICROSECONDS, weights_in
from edge_compiler.toolchain.base import Toolchain

MEASURE_SECONDS = 3.0


class Meter(Protocol):
    """
    Measures what the steps of a library cost.

    :ivar how: it does so, for people.
    :ivar unit: of the costs.
    :ivar processor: that runs the library.
    :ivar threads: that run it.
    :ivar weights_in: where a step finds its weights: "L3" or "DRAM"; empty if it doesn't matter.
    """

    how: str
    unit: str
    processor: str
    threads: int
    weights_in: str

    def measure(self, library: Path, variant: str) -> list[float]:
        """Return what each step costs."""


class Stopwatch(Meter):
    """Measures times on this machine, with weights where a network's size lets them be."""

    unit = MICROSECONDS

    def __init__(self, graph: Graph, threads: int) -> None:
        self.how = "tuned" if threads == 1 else f"tuned for {threads} threads"
        self.processor = processor_identity()
        self.threads = threads
        self.weights_in = weights_in(graph, cache_bytes(3, threads))

    def measure(self, library: Path, variant: str) -> list[float]:
        """Return the shortest time of each step."""
        evict = 2 * cache_bytes(2 if self.weights_in == "L3" else 3, self.threads)
        with NativeSandbox(library) as sandbox:
            return sandbox.step_times(variant, self.threads, MEASURE_SECONDS, evict)


class Counter(Meter):
    """Counts instructions in an emulator, which are the same in every run."""

    how, unit, threads, weights_in = "counted", INSTRUCTIONS, 1, ""

    def __init__(self, tools: Toolchain) -> None:
        if tools.machine.emulator is None:
            raise CompileError(
                f"this machine can't run code for {tools.triple}; use --tune on such a machine"
            )
        self.processor = f"emulated {tools.machine.emulator.processor.name}"
        self._tools = tools

    def measure(self, library: Path, variant: str) -> list[float]:
        """Return the instructions of each step."""
        counts = count_steps(library, self._tools, variant=variant)
        return [count / 1e3 for count in counts.instructions]
