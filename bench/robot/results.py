"""What was measured, turn by turn, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench import record
from bench.robot.processes import BARE, COMPOSED, MODES, SEPARATE
from edge_compiler.terminal import say, say_table
from edge_compiler.units import Quantity

PERCENTILES = (50, 95, 99)
_NAMES = {
    "latency": "stamp to decision",
    "overhead": "... without the model's run",
    "run": "the model's run",
}


@dataclass(frozen=True)
class Turn:
    """
    A start of the robot; bare nodes have no decisions, and so no latencies.

    :ivar latency: from an image's stamp to the arrival of its decision outside [ms], PERCENTILES.
    :ivar overhead: the same without the time that the model ran [ms].
    :ivar run: how long the model ran [ms].
    :ivar decisions: on images, a second.
    :ivar start: from the start of the first process to the first decision on an image [s].
    :ivar memory: of all processes [bytes]; what they share counts once.
    :ivar threads: processor time of each process by thread [% of a core].
    """

    mode: str
    latency: tuple[float, ...]
    overhead: tuple[float, ...]
    run: tuple[float, ...]
    decisions: float
    start: float
    memory: int
    threads: Mapping[str, Mapping[str, float]]

    @property
    def load(self) -> dict[str, float]:
        """Processor time of the processes [% of a core]; of the threads of a composed robot."""
        if self.mode == COMPOSED:
            (threads,) = self.threads.values()
            return dict(threads)
        return {name: sum(threads.values()) for name, threads in self.threads.items()}


def percentiles(values: Iterable[float]) -> tuple[float, ...]:
    """Return the PERCENTILES."""
    return tuple(np.percentile(list(values), PERCENTILES).round(3).tolist())


def medians(turns: Sequence[Turn], mode: str) -> dict[str, float]:
    """Return the medians over the turns of a mode, by figure, as they are shown."""
    chosen = [turn for turn in turns if turn.mode == mode]
    found = {
        f"{name} p{percent} [ms]": median(getattr(turn, kind)[index] for turn in chosen)
        for kind, name in _NAMES.items()
        for index, percent in enumerate(PERCENTILES)
        if mode != BARE
    }
    if mode != BARE:
        found["decisions a second"] = median(turn.decisions for turn in chosen)
        found["start to first decision [s]"] = median(turn.start for turn in chosen)
    found["memory [MB]"] = median(turn.memory for turn in chosen) / 1e6
    found["load [% of a core]"] = median(sum(turn.load.values()) for turn in chosen)
    for part in sorted({part for turn in chosen for part in turn.load}):
        found[f"load of {part}"] = median(turn.load.get(part, 0.0) for turn in chosen)
    return found


def show(turns: Sequence[Turn]) -> None:
    """Print the medians side by side, and how they compare."""
    modes = [mode for mode in MODES if any(turn.mode == mode for turn in turns)]
    found = {mode: medians(turns, mode) for mode in modes}
    rows: list[list[object]] = []
    for name in dict.fromkeys(name for mode in modes for name in found[mode]):
        values = [found[mode].get(name) for mode in modes]
        row: list[object] = [name, *(_quantity(value) for value in values)]
        if {COMPOSED, SEPARATE} <= found.keys():
            one, other = found[COMPOSED].get(name), found[SEPARATE].get(name)
            row.append(_quantity(one / other if one is not None and other else None))
        rows.append(row)
    titles = ["median of turns", *modes]
    if {COMPOSED, SEPARATE} <= found.keys():
        titles.append(f"{COMPOSED} / {SEPARATE}")
    say()
    say_table(titles, rows)


def write(path: Path, facts: Mapping[str, Any], turns: Sequence[Turn]) -> None:
    """Keep everything in a file."""
    found = {
        **facts,
        "medians": {mode: medians(turns, mode) for mode in MODES if _has(turns, mode)},
        "turns": [asdict(turn) for turn in turns],
    }
    record.write(path, found)


def _has(turns: Sequence[Turn], mode: str) -> bool:
    return any(turn.mode == mode for turn in turns)


def _quantity(value: float | None) -> Quantity:
    return Quantity("-" if value is None else f"{value:.2f}")
