"""Which nodes the names in a ROS parameter file mean: ROS ignores those that mean none."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
import re
from typing import Any

import yaml

from edge_perception.core.names import did_you_mean, one_of

_VALUES = "ros__parameters"
_WILDCARDS = {"**": r"(/\w+)*", "*": r"/\w+"}


def overlooked(path: str, nodes: Collection[str]) -> list[str]:
    """
    Say which names of a file mean none of the nodes, though they were probably meant.

    The file may be for others, too: of names unlike those of our nodes nothing is said, unless
    none of them is right.

    :param path: a parameter file; what is wrong with its form is left to ROS
    :param nodes: fully qualified names
    :returns: one sentence for each
    """
    try:
        names = list(_names(yaml.safe_load(Path(path).read_text(encoding="utf-8"))))
    except (OSError, ValueError, yaml.YAMLError):
        return []
    wrong = [name for name in names if not any(_pattern(name).fullmatch(node) for node in nodes)]
    nobody = len(wrong) == len(names)
    return [
        f"{path}: no node of this robot is called {name}, so these values are ignored;"
        f" {one_of(name, nodes)}"
        for name in wrong
        if nobody or did_you_mean(name, nodes) or _own(name) in map(_own, nodes)
    ]


def _names(tree: Any, above: str = "") -> Iterator[str]:
    """Yield the names in a file; a namespace may be a level of its own."""
    for key, below in tree.items() if isinstance(tree, dict) else ():
        if key == _VALUES:
            yield above
        else:
            yield from _names(below, f"{above}/{str(key).strip('/')}")


def _pattern(name: str) -> re.Pattern[str]:
    words = name.strip("/").split("/")
    return re.compile("".join(_WILDCARDS.get(word, f"/{re.escape(word)}") for word in words))


def _own(name: str) -> str:
    """Return a node's name without its namespace."""
    return name.rpartition("/")[2]
