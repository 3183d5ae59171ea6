"""What was counted, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.engines import OURS


@dataclass(frozen=True)
class Competitor:
    """
    An engine, or our library for a target.

    :ivar processor: whose instructions are counted.
    :ivar precision: float32 or int8.
    :ivar package_bytes: of its package for Arm, without what the package depends on.
    """

    version: str
    processor: str
    precision: str
    package_bytes: int

    @property
    def group(self) -> tuple[str, str]:
        """Those that are compared with each other."""
        return self.processor, self.precision


@dataclass(frozen=True)
class Counted:
    """
    What was counted of a network in an engine.

    :ivar runs: instructions of each run, from calling the engine to having its answer.
    :ivar loaded_bytes: what the engine loads for the network; of ours, the library.
    :ivar memory_bytes: of the process after its runs, Python and numpy included.
    :ivar arena_bytes: memory for all tensors, where it is planned ahead.
    :ivar groups: instructions by group of steps, as ``edgec profile`` has them.
    """

    runs: Sequence[int]
    loaded_bytes: int
    memory_bytes: int | None = None
    arena_bytes: int | None = None
    groups: Mapping[str, int] = field(default_factory=dict)

    @property
    def instructions(self) -> int:
        """Instructions of a run."""
        return min(self.runs)

    @property
    def spread(self) -> float:
        """How much the runs differ, as part of one."""
        return max(self.runs) / min(self.runs) - 1


@dataclass(frozen=True)
class Count:
    """
    What a network takes in an engine.

    :ivar error: largest difference from ONNX Runtime's answer on this machine, relative to the
        largest value.
    :ivar correct: the error is as small as it must be in this precision.
    """

    network: str
    engine: str
    error: float
    correct: bool
    counted: Counted


@dataclass
class Results:
    """
    All counts.

    :ivar emulator: its version.
    :ivar networks: multiply-accumulates by network.
    :ivar failures: one sentence for whatever could not be counted.
    """

    emulator: str
    date: str
    commit: str
    engines: dict[str, Competitor] = field(default_factory=dict)
    networks: dict[str, int] = field(default_factory=dict)
    counts: list[Count] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def count(self, network: str, engine: str) -> Count | None:
        """Return what was counted of an engine, if it was."""
        key = (network, engine)
        return next((x for x in self.counts if (x.network, x.engine) == key), None)

    def answers_rightly(self, network: str, engine: str) -> bool:
        """Tell whether an engine gave the reference's answer."""
        count = self.count(network, engine)
        return count is not None and count.correct

    def of(self, group: tuple[str, str]) -> list[str]:
        """Return the engines whose instructions were counted on a processor in a precision."""
        return [name for name, engine in self.engines.items() if engine.group == group]

    @property
    def groups(self) -> list[tuple[str, str]]:
        """The processors whose instructions were counted, and in which precisions."""
        return list(dict.fromkeys(engine.group for engine in self.engines.values()))

    def ratio(self, network: str, group: tuple[str, str]) -> float | None:
        """Return how many times as many instructions as our best the best other engine takes."""
        ours: list[int] = []
        others: list[int] = []
        for engine in self.of(group):
            count = self.count(network, engine)
            if count and count.correct:
                (ours if engine.startswith(OURS) else others).append(count.counted.instructions)
        return min(others) / min(ours) if ours and others else None
