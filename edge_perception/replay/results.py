"""The result of a replay for people and programs: a table, JSON, JUnit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
import json
import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from edge_perception.core.stamps import SECOND
from edge_perception.replay.expectations import Expectations, judge, Verdict
from edge_perception.replay.metrics import Numbers
from edge_perception.replay.run import Played
from edge_perception.robot.plan import RequestError

NOT_AS_EXPECTED = 3
"""The exit code of a replay, and of one of many."""


@dataclass(frozen=True)
class Result:
    """
    What came out of a bag.

    :ivar bag: its path.
    :ivar begin: of what was played [s since 1970].
    :ivar seconds: its length.
    :ivar speed: times real time, at which it was played.
    :ivar nodes: that were run.
    :ivar numbers: by metric.
    :ivar problems: of the bag, a sentence each.
    :ivar error: why there are no numbers; empty: there are.
    """

    bag: str
    begin: float = 0.0
    seconds: float = 0.0
    speed: float = 0.0
    nodes: tuple[str, ...] = ()
    numbers: Numbers = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    error: str = ""

    def verdicts(self, expected: Expectations) -> list[Verdict]:
        """Return the verdict on each number that is known or expected."""
        return judge(self.numbers, expected)

    def right(self, expected: Expectations) -> bool:
        """Return whether all is as expected."""
        return not self.error and all(one.right for one in self.verdicts(expected))


def result(bag: Path, played: Played, nodes: Sequence[str], numbers: Numbers) -> Result:
    """Return the result of a replay."""
    return Result(
        str(bag),
        played.begin / SECOND,
        played.seconds,
        played.seconds / played.wall if played.wall else 0.0,
        tuple(nodes),
        numbers,
        played.problems,
    )


def table(found: Result, expected: Expectations) -> str:
    """Return the numbers as a table: value, what is expected, and whether it is so."""
    rows = [
        (one.name, shown(one), str(one.expected or ""), _mark(one), one.metric.meaning)
        for one in found.verdicts(expected)
    ]
    return columns([("metric", "value", "expected", "", "meaning"), *rows])


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of texts as columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines)


def shown(verdict: Verdict) -> str:
    """Return a value with its unit."""
    if verdict.value is None:
        return "unknown"
    digits = 0 if not verdict.metric.unit else 3 if verdict.metric.unit in ("s", "m") else 1
    return f"{verdict.value:.{digits}f} {verdict.metric.unit}".rstrip()


def as_json(found: Result, expected: Expectations) -> dict[str, Any]:
    """Return everything as plain data."""
    return {
        "bag": found.bag,
        "begin": found.begin,
        "seconds": found.seconds,
        "speed": found.speed,
        "nodes": list(found.nodes),
        "numbers": dict(found.numbers),
        "expected": {name: _bounds(one.least, one.most) for name, one in expected.ranges.items()},
        "wrong": [one.name for one in found.verdicts(expected) if not one.right],
        "right": found.right(expected),
        "problems": list(found.problems),
        "error": found.error,
    }


def write_json(path: Path, data: object) -> None:
    """Write plain data."""
    write_text(path, json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def write_junit(path: Path, results: Sequence[Result], expected: Expectations) -> None:
    """Write the expectations as tests, a suite a bag."""
    root = ElementTree.Element("testsuites", name="edge-robot replay")
    for found in results:
        verdicts = [one for one in found.verdicts(expected) if one.expected]
        failed = [one for one in verdicts if not one.right] if not found.error else []
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=found.bag,
            tests=str(len(verdicts) or 1),
            failures=str(len(failed)),
            errors=str(int(bool(found.error))),
            time=f"{found.seconds / found.speed if found.speed else 0:.3f}",
        )
        if found.error or not verdicts:
            case = ElementTree.SubElement(suite, "testcase", classname=found.bag, name="replay")
            if found.error:
                ElementTree.SubElement(case, "error", message=found.error)
            continue
        for one in verdicts:
            case = ElementTree.SubElement(suite, "testcase", classname=found.bag, name=one.name)
            if not one.right:
                said = f"{shown(one)}, expected {one.expected}: {one.metric.meaning}"
                ElementTree.SubElement(case, "failure", message=said)
    ElementTree.indent(root)
    write_text(path, ElementTree.tostring(root, "unicode", xml_declaration=True) + "\n")


def _bounds(least: float, most: float) -> Mapping[str, float]:
    return dict(_finite(("min", least), ("max", most)))


def _finite(*pairs: tuple[str, float]) -> Iterator[tuple[str, float]]:
    return ((name, value) for name, value in pairs if math.isfinite(value))


def _mark(verdict: Verdict) -> str:
    if verdict.expected is None:
        return ""
    return "ok" if verdict.right else "WRONG"


def write_text(path: Path, text: str) -> None:
    """
    Write a file, all of it or nothing.

    :raises RequestError: if that can't be done.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_text(text, encoding="utf-8")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise RequestError(f"{path} can't be written: {error.strerror}") from error
