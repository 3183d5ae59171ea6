"""Ranges of numbers, as conditions ask for them."""

from __future__ import annotations

from dataclasses import dataclass
import math

from edge_perception.core.decision.schema import Schema
from edge_perception.core.located_yaml import Item

SURE = 2.0  # standard deviations within which a measured number is


@dataclass(frozen=True)
class Interval:
    """Numbers from ``low`` to ``high``, both included."""

    low: float = 0.0
    high: float = math.inf

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def holds(self, value: float, deviation: float) -> bool | None:
        """
        Return whether a measured number lies in it; None if that is not sure.

        :param deviation: standard deviation; infinity: it is so much at least.
        """
        least, most = value - SURE * deviation, value + SURE * deviation
        if math.isinf(deviation):
            least = value
        if self.low <= least and most <= self.high:
            return True
        return None if least <= self.high and self.low <= most else False


def read(item: Item, most: float = 1.0) -> Interval:
    """
    Read "0.5", which means at least 0.5, or {min: 0.1, max: 0.5}.

    :param most: the greatest number that makes sense.
    """
    if not item.is_mapping():
        return Interval(item.number(0.0, most))
    bounds = {
        name: bound.number(0.0, most) for name, bound in item.mapping(known=("min", "max")).items()
    }
    found = Interval(bounds.get("min", 0.0), bounds.get("max", math.inf))
    if found.low > found.high:
        raise item.error(f"min {found.low:g} is greater than max {found.high:g}")
    return found


def schema(description: str, most: float = 1.0) -> Schema:
    """Return what `read` reads."""
    number: Schema = {"type": "number", "minimum": 0, "maximum": most}
    return {
        "description": f"{description}. A number is the least; {{min: ..., max: ...}} is a range.",
        "oneOf": [
            number,
            {
                "type": "object",
                "properties": {"min": number, "max": number},
                "additionalProperties": False,
            },
        ],
    }
