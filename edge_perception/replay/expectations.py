"""What is expected of a replay: a range for each number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
import math
from pathlib import Path

from edge_perception.core.decision.schema import mapping, Schema
from edge_perception.core.located_yaml import Item, read
from edge_perception.files import read_file
from edge_perception.replay.metrics import Metric, METRICS, Numbers

VERSION = 1
HOLD = ("stop",)
"""The actions by which a robot does not move, if nothing else is said."""
_KEYS = ("version", "hold", "expect")


@dataclass(frozen=True)
class Range:
    """From the least to the greatest value that is right."""

    least: float = -math.inf
    most: float = math.inf

    def __contains__(self, value: float) -> bool:
        return self.least <= value <= self.most

    def __str__(self) -> str:
        parts = [f">= {self.least:g}"] if self.least > -math.inf else []
        parts += [f"<= {self.most:g}"] if self.most < math.inf else []
        return " and ".join(parts)


@dataclass(frozen=True)
class Expectations:
    """
    What is expected.

    :ivar hold: the actions by which the robot does not move.
    :ivar ranges: by the name of a metric.
    """

    hold: tuple[str, ...] = HOLD
    ranges: Mapping[str, Range] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """
    Whether a number is as expected.

    :ivar value: None: it isn't known, as nothing in the bag or its labels tells.
    :ivar expected: None: anything.
    """

    name: str
    metric: Metric
    value: float | None
    expected: Range | None

    @property
    def right(self) -> bool:
        """Return whether it is as expected; what isn't known is not."""
        return self.expected is None or (self.value is not None and self.value in self.expected)


def judge(numbers: Numbers, expected: Expectations) -> list[Verdict]:
    """Return the verdict on each number that is known or expected."""
    return [
        Verdict(name, metric, numbers.get(name), expected.ranges.get(name))
        for name, metric in METRICS.items()
        if name in numbers or name in expected.ranges
    ]


def load(path: Path) -> Expectations:
    """
    Read a file of expectations.

    :raises FileError: at the first mistake: file, line, column, what was expected.
    """
    fields = read(path, read_file).mapping(_KEYS, ("version", "expect"))
    if fields["version"].integer(1, 1000) != VERSION:
        raise fields["version"].error(f"the version of the format must be {VERSION}")
    ranges = {name: _range(one) for name, one in fields["expect"].mapping(tuple(METRICS)).items()}
    hold = tuple(one.text() for one in fields["hold"].sequence()) if "hold" in fields else HOLD
    return Expectations(hold, ranges)


def schema() -> Schema:
    """Return the JSON schema of such files, draft 2020-12."""
    expect = {
        name: {
            "description": f"{metric.meaning} [{metric.unit}]" if metric.unit else metric.meaning,
            "$ref": "#/$defs/range",
        }
        for name, metric in METRICS.items()
    }
    keys: Schema = {
        "version": {"description": "Of the format", "const": VERSION},
        "hold": {
            "description": "The actions by which the robot does not move; stop, if it isn't given",
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "minItems": 1,
        },
        "expect": mapping("The range of each number", expect),
    }
    number: Schema = {"type": "number"}
    bounds = mapping("The least and the greatest value", {"min": number, "max": number})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What edge-robot replay expects of a bag",
        **mapping("What is expected of a replay", keys, ("version", "expect")),
        "$defs": {"range": {**bounds, "minProperties": 1}},
    }


def _range(item: Item) -> Range:
    fields = item.mapping(("min", "max"))
    if not fields:
        raise item.error("expected {min: NUMBER}, {max: NUMBER} or both")
    bounds = {name: one.number(-1e9, 1e9) for name, one in fields.items()}
    found = Range(bounds.get("min", -math.inf), bounds.get("max", math.inf))
    if found.least > found.most:
        raise item.error(f"no number is {found}")
    return found
