"""What the benchmarks' files of results share: where and when, and how they are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
import json
from pathlib import Path
import subprocess
from typing import Any

from bench.cache import BenchError
from bench.engines import ROOT
from edge_compiler.machine import processor


def now() -> str:
    """Return the date and time."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def commit() -> str:
    """Return what the sources are, as git describes them."""
    git = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(git, cwd=ROOT, capture_output=True, text=True).stdout.strip()


def circumstances() -> dict[str, str]:
    """Return when, of what and on which processor something is measured."""
    return {"date": now(), "commit": commit(), "processor": processor()}


def write(path: Path, found: Mapping[str, Any]) -> None:
    """Write a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    partial.rename(path)


def fill(page: Path, begin: str, end: str, text: str) -> None:
    """
    Put a table, and what is said of it, between two lines of a page.

    :raises BenchError: if the page has no such lines.
    """
    before, begins, rest = page.read_text(encoding="utf-8").partition(begin)
    _, ends, after = rest.partition(end)
    if not (begins and ends):
        raise BenchError(f"{page} has no place for the table: {begin.strip()} ... {end.strip()}")
    partial = page.with_suffix(".partial")
    partial.write_text(f"{before}{begin}{text}{end}{after}", encoding="utf-8")
    partial.rename(page)


def recalled(path: Path, again: bool, measure: Callable[[], Mapping[str, Any]]) -> Any:
    """Return what a file has; if it isn't there, or ``again``, what is measured and written."""
    if again or not path.is_file():
        write(path, measure())
    return json.loads(path.read_text(encoding="utf-8"))
