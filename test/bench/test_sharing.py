"""The benchmark of two models side by side: what it drives, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import sharing
from bench.sharing import Timing


def test_runs_are_due_at_a_rate_and_missed_ones_left_out() -> None:
    runs = []
    timing = sharing.drive(lambda: runs.append(1), 1e6, lambda: len(runs) >= 20)
    assert len(timing.waits) == 20 - sharing.WARM_UP
    assert timing.period == pytest.approx(1e-3)


def test_a_run_is_late_after_the_next_one_is_due() -> None:
    assert Timing([10.0, 20.0, 30.0, 70.0], 25.0).row() == [25.0, 64.0, 68.8, 50.0]


def test_rows_of_each_situation(tiny_bundle: Path) -> None:
    rows = sharing.measure([tiny_bundle, tiny_bundle], 1, (), 0.5)
    assert [(row[0], row[1]) for row in rows] == [
        (sharing.ALONE, "tiny"),
        (sharing.OWN, "tiny"),
        (sharing.OWN, "tiny"),
        (sharing.SHARED, "tiny"),
        (sharing.SHARED, "tiny"),
    ]
