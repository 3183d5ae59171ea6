"""ROS parameter files: what they have for a node, and names in them that mean none."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
import re
from typing import Any

import yaml

from edge_perception.core.names import did_you_mean, one_of
from edge_perception.robot import ros_yaml

_VALUES = "ros__parameters"
_WILDCARDS = {"**": r"(/\w+)*", "*": r"/\w+"}


class ParameterFileError(Exception):
    """A parameter file that can't be read: which one and why."""


def values(path: str, node: str) -> dict[str, Any]:
    """
    Return what a file has for a node, by parameter; of several values the last one holds.

    :param node: fully qualified name
    :raises ParameterFileError: if it can't be read
    """
    return {
        parameter: value
        for name, section in _sections(path)
        if _pattern(name).fullmatch(node)
        for parameter, value in _flat(section)
    }


def overlooked(path: str, nodes: Collection[str]) -> list[str]:
    """
    Say which names of a file mean none of the nodes, though they were probably meant.

    ROS ignores them. The file may be for others, too: of names unlike those of our nodes nothing
    is said, unless none of them is right.

    :param nodes: fully qualified names
    :returns: one sentence for each
    :raises ParameterFileError: if the file can't be read
    """
    names = [name for name, _ in _sections(path)]
    wrong = [name for name in names if not any(_pattern(name).fullmatch(node) for node in nodes)]
    nobody = len(wrong) == len(names)
    return [
        f"{path}: no node of this robot is called {name}, so these values are ignored;"
        f" {one_of(name, nodes)}"
        for name in wrong
        if nobody or did_you_mean(name, nodes) or _own(name) in map(_own, nodes)
    ]


def _sections(path: str) -> list[tuple[str, Any]]:
    """Return the names in a file, with what stands there."""
    try:
        return list(_named(ros_yaml.load(Path(path).read_text(encoding="utf-8"))))
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise ParameterFileError(f"the parameter file {path} can't be read: {reason}") from error


def _named(tree: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield names and values; a namespace may be a level of its own."""
    for key, below in tree.items() if isinstance(tree, dict) else ():
        if key == _VALUES:
            yield above, below
        else:
            yield from _named(below, f"{above}/{str(key).strip('/')}")


def _flat(section: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield parameters and values; a part of a name before a dot may be a level of its own."""
    for key, value in section.items() if isinstance(section, Mapping) else ():
        name = f"{above}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}.")
        else:
            yield name, value


def _pattern(name: str) -> re.Pattern[str]:
    words = name.strip("/").split("/")
    return re.compile("".join(_WILDCARDS.get(word, f"/{re.escape(word)}") for word in words))


def _own(name: str) -> str:
    """Return a node's name without its namespace."""
    return name.rpartition("/")[2]
