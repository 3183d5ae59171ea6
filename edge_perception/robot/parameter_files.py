"""ROS parameter files: what they have for a node, and names in them that mean none."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
import re
from typing import Any

import yaml

from edge_perception.core.environment import ReadFile
from edge_perception.core.names import did_you_mean, one_of
from edge_perception.core.whole_file import FileError
from edge_perception.files import read_file
from edge_perception.robot import ros_yaml
from edge_perception.robot.ros_yaml import Pairs

_MOST = 1 << 20
_VALUES = "ros__parameters"
_WILDCARDS = {"**": r"(/\w+)*", "*": r"/\w+"}


class ParameterFileError(Exception):
    """A parameter file that can't be read: which one and why."""


class ParameterFile:
    """What was in a file when it was read."""

    def __init__(self, path: str, read: ReadFile = read_file) -> None:
        """
        Read it.

        :param read: refuses what is not trusted
        :raises ParameterFileError: if it can't be read, or `read` refuses it
        """
        self._path = path
        try:
            content = read(Path(path), _MOST + 1)
            if len(content) > _MOST:
                raise ValueError(f"it has more than {_MOST >> 20} MB")
            self._sections = list(_named(ros_yaml.load(content.decode("utf-8"))))
        except FileError as error:
            raise ParameterFileError(str(error)) from error
        except (OSError, ValueError, yaml.YAMLError) as error:
            reason = " ".join(str(getattr(error, "strerror", None) or error).split())
            raise ParameterFileError(
                f"the parameter file {path} can't be read: {reason}"
            ) from error

    def values(self, node: str) -> dict[str, Any]:
        """
        Return what it has for a node, by parameter; of several values the last one holds.

        :param node: fully qualified name
        """
        return {
            parameter: value
            for name, section in self._sections
            if _pattern(name).fullmatch(node)
            for parameter, value in _flat(section)
        }

    def of_any(self, parameter: str) -> list[Any]:
        """Return the values that it has for a parameter, of whatever node."""
        return [
            value
            for _, section in self._sections
            for name, value in _flat(section)
            if name == parameter
        ]

    def overlooked(self, nodes: Collection[str]) -> list[str]:
        """
        Say which names in it mean none of the nodes, though they were probably meant.

        ROS ignores them. The file may be for others, too: of names unlike those of our nodes
        nothing is said, unless none of them is right.

        :param nodes: fully qualified names
        :returns: one sentence for each
        """
        names = [name for name, _ in self._sections]
        if not names:
            return [
                f"{self._path}: it has no {_VALUES}, so nothing in it has an effect; expected "
                f"NODE: {{{_VALUES}: {{NAME: VALUE}}}}"
            ]
        wrong = [
            name for name in names if not any(_pattern(name).fullmatch(node) for node in nodes)
        ]
        nobody = len(wrong) == len(names)
        return [
            f"{self._path}: no node of this robot is called {name}, so these values are ignored;"
            f" {one_of(name, nodes)}"
            for name in wrong
            if nobody or did_you_mean(name, nodes) or _own(name) in map(_own, nodes)
        ]


def _named(tree: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield names and values; a namespace may be a level of its own."""
    for key, below in tree.items if isinstance(tree, Pairs) else ():
        if key == _VALUES:
            yield above, below
        else:
            yield from _named(below, f"{above}/{str(key).strip('/')}")


def _flat(section: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield parameters and values; a part of a name before a dot may be a level of its own."""
    for key, value in section.items if isinstance(section, Pairs) else ():
        name = f"{above}{key}"
        if isinstance(value, Pairs):
            yield from _flat(value, f"{name}.")
        else:
            yield name, value


def _pattern(name: str) -> re.Pattern[str]:
    words = name.strip("/").split("/")
    return re.compile("".join(_WILDCARDS.get(word, f"/{re.escape(word)}") for word in words))


def _own(name: str) -> str:
    """Return a node's name without its namespace."""
    return name.rpartition("/")[2]
