"""What a comparison found, for people and programs: a table, JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from edge_perception.cloud.compare import NO_NETWORK, Run, Wanted
from edge_perception.cloud.figures import BUDGET, SOON

COLUMNS = (
    "network",
    "who",
    "p50",
    "p95",
    "p99",
    "max",
    "jitter",
    f"≤ {SOON:.0f}",
    f"≤ {BUDGET:.0f}",
    "safe",
    "gap",
    "kB",
    "CPU",
    "answers",
)
LEGEND = (
    "p50 to max: milliseconds from the camera's stamp to the decision on that image; jitter: from"
    " one decision to the next, on average.",
    f"≤ {SOON:.0f}, ≤ {BUDGET:.0f}: share of all images that were decided on within so many"
    " milliseconds; safe: share of the time in which the safe action held, since nothing fresh was"
    " seen.",
    "gap: the longest time without any decision [ms]; kB, CPU: bytes over the network and the"
    " robot's processor time [ms], both an image; answers: to the requests that were due.",
)


_WIDTH = 100
"""Letters of a line, which all columns fit in."""


def as_json(wanted: Wanted, runs: Sequence[Run]) -> dict[str, Any]:
    """Return what was asked and found, for programs."""
    return {
        "model": wanted.model.name,
        "server": {
            "url": wanted.server.url,
            "model": wanted.server.model,
            "deadline": wanted.server.deadline / 1e9,
        },
        "camera": wanted.camera,
        "rate": wanted.rate,
        "profiles": {one.name: one.says for one in wanted.profiles},
        "runs": [
            {"network": one.network, "who": one.mode.value, **asdict(one.figures)} for one in runs
        ],
    }


def rows(runs: Sequence[Run]) -> list[list[str]]:
    """Return the table's rows, as texts under `COLUMNS`."""
    return [_row(one) for one in runs]


def energy(runs: Sequence[Run]) -> str:
    """Return what is known of the energy: a sentence."""
    known = [one for one in runs if one.figures.joules is not None]
    if not known:
        return f"energy: not known: {runs[0].figures.meter}"
    said = ", ".join(f"{one.network} {one.mode.value} {one.figures.joules:.3g} J" for one in known)
    return f"energy an image ({known[0].figures.meter}): {said}"


def show(runs: Sequence[Run]) -> None:
    """Print a table, and below it what its columns mean."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for column in COLUMNS:
        is_text = column in COLUMNS[:2]
        table.add_column(column, justify="left" if is_text else "right", no_wrap=True)
    before = runs[0].network
    for one, row in zip(runs, rows(runs), strict=True):
        if one.network != before:
            table.add_section()
        before = one.network
        table.add_row(*row, style="" if one.figures.keeps else "yellow")
    console = Console(highlight=False, markup=False)
    console.width = max(console.width, _WIDTH)  # a terminal that is narrower wraps lines itself
    console.print(table)
    for line in (*LEGEND, energy(runs)):
        console.print(line, style="dim")


def _row(run: Run) -> list[str]:
    found = run.figures
    times = (found.p50, found.p95, found.p99, found.max, found.jitter)
    asked = found.asked
    due = sum(asked.get(name, 0) for name in ("answered", "late", "failed", "spared"))
    return [
        run.network,
        run.mode.value,
        *("-" if one is None else f"{one:.0f}" if one >= 100 else f"{one:.1f}" for one in times),
        f"{found.soon:.0%}",
        f"{found.in_time:.0%}",
        f"{found.safe:.0%}",
        f"{found.gap:.0f}",
        "-" if run.network == NO_NETWORK else f"{(found.sent + found.received) / 1e3:.0f}",
        f"{found.cpu:.1f}",
        f"{asked['answered'] / due:.0%}" if due else "-",
    ]
