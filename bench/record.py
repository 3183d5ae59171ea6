"""What the benchmarks' files of results share: where and when, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
import json
from pathlib import Path
import subprocess
from typing import Any

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
