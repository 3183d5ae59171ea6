"""
The kinds of settings that actions have, one a module: each has its ``SETTING``.

A module that is put here is read, completed by editors, and listed in errors without further ado.
"""

from __future__ import annotations

from collections.abc import Sequence
import importlib
import pkgutil

from edge_perception.core.decision.action import Action, Actuator, Setting
from edge_perception.core.decision.schema import mapping, Schema
from edge_perception.core.located_yaml import Item
from edge_perception.core.node import Port

SETTINGS: dict[str, type[Setting]] = {
    setting.key: setting
    for setting in (
        importlib.import_module(f"{__name__}.{module.name}").SETTING
        for module in pkgutil.iter_modules(__path__)
    )
}


def read(item: Item) -> dict[str, Action]:
    """
    Read the actions of a rule file, by name.

    :raises FileError: if they can't be right.
    """
    found = {}
    for name, value in item.mapping().items():
        fields = value.mapping(known=tuple(SETTINGS))
        settings = (SETTINGS[key].read(field) for key, field in fields.items())
        found[name] = Action(name, tuple(one for one in settings if one is not None))
    if not found:
        raise item.error("there is no action")
    for setting in SETTINGS.values():
        setting.check(item, found)
    return found


def actuators(actions: Sequence[Action]) -> list[Actuator]:
    """Return what tells the robot to do any of some actions."""
    return [
        setting.actuator(actions)
        for setting in SETTINGS.values()
        if any(action.get(setting) is not None for action in actions)
    ]


def usual_ports() -> tuple[Port, ...]:
    """Return the ports of settings whose names do not depend on the rules."""
    return tuple(port for setting in SETTINGS.values() for port in setting.usual_ports)


def schema() -> Schema:
    """Return the schema of all actions."""
    one = mapping(
        "What the robot is told", {key: setting.schema for key, setting in SETTINGS.items()}
    )
    return {
        "description": "What the robot can be told, by names of your choice",
        "type": "object",
        "additionalProperties": one,
        "minProperties": 1,
    }
