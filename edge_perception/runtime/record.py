"""What a bundle says of its own build, and would not be true of the next: ``record.json``."""

from __future__ import annotations

from dataclasses import dataclass

from edge_perception.runtime.manifest import BundleFile


@dataclass(frozen=True)
class Speed:
    """Latency of one run, measured where the bundle was compiled: milliseconds."""

    machine: str
    threads: int
    minimum_ms: float
    median_ms: float


@dataclass(frozen=True)
class Record:
    """
    The content of record.json: what was true of one build, and would not be of the next.

    :ivar created: when, in ISO 8601.
    :ivar files: with what was measured, as the report, by path in the bundle.
    """

    created: str
    speed: Speed | None
    files: dict[str, BundleFile]
