"""What the record of a run comes to, counted by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_perception.cloud.figures import figures
from edge_perception.cloud.link import Traffic
from edge_perception.cloud.record import Mode, Order, Record, Said

MS = 1_000_000


def record(decisions: list[Said], frames: int = 10) -> Record:
    """Return that of a second with an image each 100 ms."""
    stamps = [number * 100 * MS for number in range(frames)]
    return Record(0, 1000 * MS, stamps, decisions, 0.05, None, "none", {})


def said(at: float, stamp: float, is_safe: bool = False) -> Said:
    return Said(round(at * MS), round(stamp * MS), is_safe)


def test_a_robot_that_keeps_up() -> None:
    found = figures(
        record([said(100 * n + 10 + n, 100 * n) for n in range(10)]), Traffic(1000, 20)
    )
    assert (found.frames, found.decided) == (10, 10)
    assert (found.p50, found.max) == (pytest.approx(14.5), pytest.approx(19.0))
    assert found.jitter == pytest.approx(1.0)
    assert (found.soon, found.in_time) == (1.0, 1.0)
    assert (found.gap, found.blind) == (pytest.approx(101.0), pytest.approx(101.0))
    assert found.safe == pytest.approx(0.010)  # until the first decision
    assert (found.sent, found.received, found.cpu) == (100.0, 2.0, pytest.approx(5.0))
    assert found.joules is None
    assert found.keeps


def test_repeated_decisions_are_no_news_and_fill_gaps() -> None:
    """One image is seen in time, one late, and meanwhile the safe action is repeated."""
    decisions = [
        said(20, 0),
        *(said(20 + 100 * n, 0, is_safe=n > 5) for n in range(1, 8)),
        said(750, 100, is_safe=True),
        said(900, 700, is_safe=False),
    ]
    found = figures(record(decisions), Traffic())
    assert found.decided == 3
    assert found.max == pytest.approx(650.0)
    assert (found.soon, found.in_time) == (0.1, 0.2)
    assert found.gap == pytest.approx(150.0)
    assert found.blind == pytest.approx(730.0)
    assert found.safe == pytest.approx(0.020 + 0.280)  # from 620 to 900
    assert found.p99_acting == pytest.approx(200 - 0.01 * 180)
    assert not found.keeps  # acted on an image of 200 ms before


def test_late_decisions_are_kept_if_they_are_safe() -> None:
    decisions = [said(100 * n, 0, is_safe=True) for n in range(10)]
    found = figures(record([*decisions, said(950, 100, is_safe=True)]), Traffic())
    assert found.keeps
    assert (found.safe, found.p99_acting) == (1.0, None)
    assert found.max == pytest.approx(850.0)


def test_silence() -> None:
    found = figures(record([said(30, 0), said(540, 500)]), Traffic())
    assert found.gap == pytest.approx(510.0)
    assert not found.keeps
    nothing = figures(record([]), Traffic())
    assert (nothing.gap, nothing.safe, nothing.decided) == (1000.0, 1.0, 0)
    assert (nothing.p50, nothing.jitter, nothing.soon) == (None, None, 0.0)


def test_energy_and_bytes_are_an_image() -> None:
    counted = replace(record([]), joules=5.0, meter="RAPL")
    assert figures(counted, Traffic()).joules == 0.5


def test_orders_and_records_go_as_lines() -> None:
    order = Order(Mode.REMOTE, "m.edge", "0", 10.0, "r.yaml", 5, 2, {"host": "a:1"})
    assert Order.of_json(order.to_json()) == order
    kept = record([said(1, 0)])
    assert Record.of_json(kept.to_json()) == kept
    assert "\n" not in order.to_json() + kept.to_json()
