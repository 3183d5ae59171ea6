"""
The kinds of conditions, one family of keys a module: each has its ``FAMILY``.

A module that is put here is read, completed by editors, and listed in errors without further ado.
"""

from __future__ import annotations

from collections.abc import Mapping
import importlib
import pkgutil

from edge_perception.core.decision.condition import (
    Combination,
    Condition,
    Family,
    HOW,
    OfRobot,
    RobotPredicate,
    Seen,
    ThingPredicate,
)
from edge_perception.core.decision.schema import Schema
from edge_perception.core.decision.zones import Zone
from edge_perception.core.located_yaml import Item

FAMILIES: tuple[Family, ...] = tuple(
    importlib.import_module(f"{__name__}.{module.name}").FAMILY
    for module in pkgutil.iter_modules(__path__)
)
KEYS = tuple(key for family in FAMILIES for key in family.keys)


def read(item: Item, zones: Mapping[str, Zone]) -> Condition:
    """
    Read a condition of a rule file.

    :param zones: of the file, by name.
    :raises FileError: if it is none.
    """
    fields = item.mapping(known=(*KEYS, *HOW))
    how = [name for name in fields if name in HOW]
    if how and len(fields) > 1:
        raise item.error(f"{how[0]!r} can't stand beside other keys; put them into its list")
    if how:
        parts = fields[how[0]].sequence()
        return Combination(how[0], tuple(read(part, zones) for part in parts))
    if not fields:
        raise item.error(f"the condition is empty; expected one of {', '.join((*KEYS, *HOW))}")
    of_thing: list[ThingPredicate] = []
    of_robot: list[RobotPredicate] = []
    first = ""
    for family in FAMILIES:
        given = {name: value for name, value in fields.items() if name in family.keys}
        if not given:
            continue
        predicate = family.read(given, zones)
        if isinstance(predicate, RobotPredicate):
            of_robot.append(predicate)
            first = first or next(iter(given))
        else:
            of_thing.append(predicate)
    if of_robot and of_thing:
        raise item.error(f"{first!r} can't stand beside what is seen; put both into 'all'")
    return OfRobot(tuple(of_robot)) if of_robot else Seen(tuple(of_thing))


def schema() -> Schema:
    """Return the schema of a condition, to be found as ``#/$defs/condition``."""
    several = {
        "type": "array",
        "items": {"$ref": "#/$defs/condition"},
        "minItems": 1,
    }
    said = {
        "any": "At least one of the conditions holds",
        "all": "All of the conditions hold, by the same or by different things",
        "none": "None of the conditions holds",
    }
    keys = {key: value for family in FAMILIES for key, value in family.keys.items()}
    return {
        "description": "What one thing fulfils, or the robot, or a list of conditions",
        "type": "object",
        "properties": {**keys, **{how: {"description": said[how], **several} for how in HOW}},
        "additionalProperties": False,
        "minProperties": 1,
    }
