"""What was measured, turn by turn, and what it comes to: on the terminal and in the docs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.engines import ROOT
from bench.robot.results import PERCENTILES
from bench.transport.modes import MODES
from edge_compiler.terminal import say, say_table
from edge_compiler.units import Quantity

PAGE = ROOT / "docs" / "transport.md"
PLOT = ROOT / "docs" / "transport.png"
NEEDED = {
    "ROS 2": "numpy, PyYAML, and what the extra `ros` brings",
    "nanomsg": "numpy and PyYAML",
}
"""Of whose packages the sizes are shown."""
_TITLES = (
    "median of turns",
    "memory [MB]",
    "load [% of a core]",
    *(f"image p{percent} [ms]" for percent in PERCENTILES),
    *(f"decision p{percent} [ms]" for percent in PERCENTILES),
    "images lost",
    "start [s]",
)


@dataclass(frozen=True)
class Turn:
    """
    A start of the robot.

    :ivar memory: of all processes [bytes]; what they share counts once
    :ivar load: processor time [% of a core]
    :ivar image: from an image's stamp to its arrival outside [ms], PERCENTILES; empty, as all that
        follows: nobody listens
    :ivar decision: from an image's stamp to the arrival of the decision on it [ms], PERCENTILES
    :ivar images: that came
    :ivar lost: images that were published and did not come
    :ivar start: from the start to the first decision on an image [s]
    """

    mode: str
    memory: int
    load: float
    image: tuple[float, ...] = ()
    decision: tuple[float, ...] = ()
    images: int = 0
    lost: int = 0
    start: float = 0.0


def show(turns: Sequence[Turn], sizes: Mapping[str, int]) -> None:
    """Print the medians of the turns, a line for each mode."""
    say()
    say_table(_TITLES, _rows(turns))
    for name, size in sizes.items():
        say(f"{name}: {_installed(name, size)}")


def page(facts: Mapping[str, Any], turns: Sequence[Turn]) -> str:
    """
    Return docs/transport.md.

    :param facts: how it was measured, as the file of results has it
    """
    starts = len(turns) // len({turn.mode for turn in turns})
    lines = [
        "# What transports cost",
        "",
        f"Printed by `make bench-transport` ([bench](../bench/README.md)): turns of each:"
        f" {starts}, of {facts['seconds']:g} s, on {facts['processor']} with {facts['cores']}"
        f" cores, {facts['date'][:10]}, load average {facts['load average']:.1f}."
        " The robot has a camera of 640x480 pixels at 30 Hz, an IMU at 200 Hz, wheels at 50 Hz,"
        f" perception with `{facts['model']}`, pose and decision.",
        "",
        "![memory, load, and the age of images and decisions](transport.png)",
        "",
        _line(_TITLES),
        _line(["---", *["---:"] * (len(_TITLES) - 1)]),
        *map(_line, _rows(turns)),
        "",
        "`nodes alone`: in one process without a transport, what they need, whatever links them.",
        "",
        *(f"- {name}: {_installed(name, size)}" for name, size in facts["installed"].items()),
    ]
    return "\n".join(lines) + "\n"


def write_page(path: Path, facts: Mapping[str, Any], turns: Sequence[Turn]) -> None:
    """Write it, whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_text(page(facts, turns), encoding="utf-8")
    partial.rename(path)


def _rows(turns: Sequence[Turn]) -> list[list[object]]:
    by_mode = [(mode.name, [turn for turn in turns if turn.mode == mode.name]) for mode in MODES]
    return [_row(name, own) for name, own in by_mode if own]


def _row(name: str, turns: Sequence[Turn]) -> list[object]:
    """Return the line of a mode."""
    row: list[object] = [
        name,
        _quantity(median(turn.memory for turn in turns) / 1e6, 0),
        _quantity(median(turn.load for turn in turns), 1),
    ]
    if not turns[0].image:
        return [*row, *[Quantity()] * (len(_TITLES) - len(row))]
    places = range(len(PERCENTILES))
    lost = sum(turn.lost for turn in turns)
    return [
        *row,
        *(_quantity(median(turn.image[index] for turn in turns)) for index in places),
        *(_quantity(median(turn.decision[index] for turn in turns)) for index in places),
        Quantity(f"{lost} of {lost + sum(turn.images for turn in turns)}"),
        _quantity(median(turn.start for turn in turns), 1),
    ]


def _installed(name: str, size: int) -> str:
    return f"{size / 1e6:.0f} MB installed: {NEEDED[name]}"


def _line(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _quantity(value: float, digits: int = 2) -> Quantity:
    return Quantity(f"{value:.{digits}f}")
