"""The table of faults names tests that are there."""

from __future__ import annotations

from pathlib import Path
import re

ROOT = Path(__file__).parents[2]


def test_each_fault_is_shown_by_tests_that_exist() -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "test").rglob("test_*.py"))
    there = set(re.findall(r"^def (test_\w+)\(", sources, re.MULTILINE))
    rows = [
        line.split("|")[1:-1]
        for line in (ROOT / "docs" / "faults.md").read_text("utf-8").splitlines()
        if line.startswith("| ") and not line.startswith("| fault ")
    ]
    assert len(rows) > 15
    for fault, _, shown in rows:
        named = re.findall(r"`(test_\w+)`", shown)
        assert named, fault
        assert not set(named) - there, fault
