"""A network of MXNet as its ``-symbol.json`` describes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any, TypeVar

from edge_compiler.builder import Array
from edge_compiler.frontends.ranked import RankedBuilder

T = TypeVar("T")
_TEXT_LARGEST = 2**26
_TRUE, _FALSE = ("true", "1"), ("false", "0")


@dataclass(frozen=True)
class Node:
    """
    An operator of the network.

    :ivar inputs: the tensors that it reads, parameters among them.
    :ivar outputs: the tensors that it may compute; MXNet doesn't say how many are meant.
    :ivar attributes: texts, as in the file.
    :ivar arrays: the parameters of the network, by name.
    """

    op: str
    name: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, str]
    arrays: Mapping[str, Array]

    def array(self, index: int) -> Array:
        """Return an input that is a parameter."""
        name = self.input(index)
        if name not in self.arrays:
            raise ValueError(
                f"the input {index} '{name}' of '{self.name}' ({self.op}) has no values"
            )
        return self.arrays[name]

    def input(self, index: int) -> str:
        """Return the name of an input."""
        if index >= len(self.inputs):
            raise ValueError(f"'{self.name}' ({self.op}) lacks its input {index}")
        return self.inputs[index]

    def output(self, index: int = 0) -> str:
        """Return the name of an output."""
        return output_name(self.name, index)

    def text(self, name: str, default: str) -> str:
        """Return an attribute."""
        return self.attributes.get(name, default)

    def flag(self, name: str, default: bool = False) -> bool:
        """Return an attribute that is yes or no."""
        text = self.text(name, str(default)).lower()
        if text not in (*_TRUE, *_FALSE):
            raise ValueError(f"{name} of '{self.name}' is {text!r}, expected True or False")
        return text in _TRUE

    def number(self, name: str, default: float | None = None) -> float:
        """Return an attribute that is a number."""
        if name not in self.attributes and default is not None:
            return default
        return self._parsed(name, float)

    def integers(self, name: str, default: Sequence[int] | None = None) -> list[int]:
        """Return an attribute that is a tuple of integers, or one alone."""
        if name not in self.attributes and default is not None:
            return list(default)
        return self._parsed(name, lambda text: [int(part) for part in _parts(text)])

    def integer(self, name: str, default: int | None = None) -> int:
        """Return an attribute that is an integer."""
        values = self.integers(name, None if default is None else [default])
        if len(values) != 1:
            raise ValueError(f"{name} of '{self.name}' has {len(values)} numbers, expected one")
        return values[0]

    def _parsed(self, name: str, parse: Callable[[str], T]) -> T:
        text = self.attributes.get(name)
        if text is None:
            raise ValueError(f"'{self.name}' ({self.op}) lacks {name}")
        try:
            return parse(text)
        except ValueError as error:
            raise ValueError(
                f"{name} of '{self.name}' ({self.op}) is {text!r}, expected numbers"
            ) from error


def _parts(text: str) -> list[str]:
    """Return the parts of a tuple; Python 2 wrote 3L for 3."""
    parts = [part.strip().removesuffix("L") for part in text.strip("()[] ").split(",")]
    return [part for part in parts if part]


Rule = Callable[[RankedBuilder, Node], int | None]
"""Adds a node; returns the rank of what it computes if that isn't its input's."""


@dataclass(frozen=True)
class Symbol:
    """
    A network.

    :ivar inputs: what has no values.
    """

    nodes: tuple[Node, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def output_name(node: str, index: int) -> str:
    """Return the name of what a node computes."""
    return node if index == 0 else f"{node}/{index}"


def read_symbol(path: Path, parameters: Mapping[str, Array]) -> Symbol:
    """
    Read a network.

    :param parameters: of the file beside it, whose names begin with ``arg:`` or ``aux:``.
    :raises ValueError: if the file is damaged.
    """
    arrays = {name.partition(":")[2] or name: array for name, array in parameters.items()}
    content = _parse(path)
    try:
        return _symbol(content, arrays)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f"{path.name} is no symbol of MXNet: {error!r}") from error


def _parse(path: Path) -> Any:
    size = path.stat().st_size
    if size > _TEXT_LARGEST:
        raise ValueError(f"{path.name} has {size} bytes: a symbol has {_TEXT_LARGEST} at most")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} is no symbol of MXNet: {error}") from error


def _symbol(content: Any, arrays: Mapping[str, Array]) -> Symbol:
    nodes: list[Node] = []
    inputs: list[str] = []
    names: list[str] = []
    for node in content["nodes"]:
        op, name = str(node["op"]), str(node["name"])
        sources = [(int(source[0]), int(source[1])) for source in node["inputs"]]
        if any(not 0 <= source < len(names) for source, _ in sources):
            raise ValueError(f"'{name}' reads a node that comes behind it")
        read = tuple(output_name(names[source], index) for source, index in sources)
        if op.endswith("Output"):  # of a loss, which reads labels too
            read = read[:1]
        if op == "null" and name not in arrays:
            inputs.append(name)
        elif op != "null":
            attributes = node.get("attrs") or node.get("attr") or node.get("param") or {}
            texts = {str(key): str(text) for key, text in attributes.items()}
            nodes.append(Node(op, name, read, texts, arrays))
        names.append(name)
    read_ones = {name for node in nodes for name in node.inputs}
    outputs = tuple(output_name(names[int(head[0])], int(head[1])) for head in content["heads"])
    return Symbol(tuple(nodes), tuple(name for name in inputs if name in read_ones), outputs)
