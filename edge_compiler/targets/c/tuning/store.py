"""
What was measured, kept per user in ``tune/`` of the cache folder: a file for each problem.

A file appears complete or not at all, so that an interrupted run loses nothing that it measured
and several may write at once. One that can't be read, or is of another machine, compiler or set of
kernels, counts as missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
import hashlib
import json
import math
from pathlib import Path
import tempfile
from typing import Any

from edge_compiler.errors import CompileError
from edge_compiler.targets.c.choice import Candidate, Problem

Times = dict[Candidate, float]
"""Microseconds, or thousand instructions where these are counted."""


@dataclass(frozen=True)
class Conditions:
    """
    What a measurement depends on beside the problem.

    :ivar kernels: hash of the kernels' source.
    :ivar variant: instruction set.
    :ivar weights_in: the memory that holds the weights when a layer starts: "L3" or "DRAM".
    """

    processor: str
    compiler: str
    kernels: str
    variant: str
    threads: int
    weights_in: str


class Store:
    """The measurements that were made under some conditions."""

    def __init__(self, folder: Path, conditions: Conditions) -> None:
        self._conditions = asdict(conditions)
        self.folder = folder / _digest(self._conditions)

    def get(self, problem: Problem, candidates: Sequence[Candidate]) -> Times | None:
        """Return the times of the candidates, if all of them were measured."""
        try:
            content = json.loads(self._path(problem).read_text(encoding="utf-8"))
            times = content.pop("costs")
            if content != self._key(problem):
                return None
            found = {candidate: times[str(candidate)] for candidate in candidates}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return found if all(map(_is_time, found.values())) else None

    def put(self, problem: Problem, times: Times) -> None:
        """
        Keep times that were measured side by side.

        :raises CompileError: if the cache can't be written.
        """
        content = self._key(problem) | {"costs": {str(c): t for c, t in times.items()}}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
                complete = Path(scratch, "complete.json")
                complete.write_text(json.dumps(content, indent=1), encoding="utf-8")
                complete.replace(self._path(problem))
        except OSError as error:
            raise CompileError(
                f"cannot keep measurements in {self.folder}: {error.strerror}; "
                "name a folder that can be written with EDGE_CACHE"
            ) from error

    def _key(self, problem: Problem) -> dict[str, Any]:
        fields = json.loads(json.dumps(asdict(problem)))  # tuples become lists, as in the file
        return {"conditions": self._conditions, "problem": fields}

    def _path(self, problem: Problem) -> Path:
        return self.folder / f"{_digest(asdict(problem))}.json"


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and value > 0


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
