"""
YAML in which every value knows its line and column, so that a mistake can be shown.

Only plain data is read. Aliases, deep nesting and huge files are refused: they are no use in a
configuration and could exhaust memory.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Protocol

import yaml

from edge_perception.core.environment import ReadFile
from edge_perception.core.names import one_of
from edge_perception.core.whole_file import FileError, read_whole

_MAX_BYTES = 1_000_000
_MAX_DEPTH = 20


class _Mark(Protocol):
    """A place in a file, of either of PyYAML's parsers."""

    line: int
    column: int


class Item:
    """A value in the file; each reading method raises FileError if it has another type."""

    def __init__(self, file: str, node: yaml.Node) -> None:
        self._file = file
        self._node = node

    def error(self, message: str) -> FileError:
        """Return an error that points here."""
        return _error(self._file, self._node.start_mark, message)

    def mapping(self, known: Collection[str] = (), required: Collection[str] = ()) -> Fields:
        """
        Return the values of a mapping by key.

        :param known: the keys that may occur; all may if it is empty.
        :param required: those of them that must.
        """
        if not isinstance(self._node, yaml.MappingNode):
            raise self._expected("a mapping (key: value)")
        fields: Fields = {}
        for key_node, value in self._node.value:
            key = Item(self._file, key_node)
            name = key.text()
            if known and name not in known:
                raise key.error(f"unknown key {name!r}; {one_of(name, known)}")
            if name in fields:
                raise key.error(f"the key {name!r} is given twice")
            fields[name] = Item(self._file, value)
        for name in required:
            if name not in fields:
                raise self.error(f"the key {name!r} is missing")
        return fields

    def sequence(self) -> list[Item]:
        """Return the values of a list that is not empty."""
        if not isinstance(self._node, yaml.SequenceNode) or not self._node.value:
            raise self._expected("a list with at least one element")
        return [Item(self._file, node) for node in self._node.value]

    def one_or_several(self) -> list[Item]:
        """Return the values of a list, or this value as the only one."""
        return self.sequence() if self.is_sequence() else [self]

    def is_mapping(self) -> bool:
        """Return whether this is a mapping."""
        return isinstance(self._node, yaml.MappingNode)

    def is_empty(self) -> bool:
        """Return whether nothing is given."""
        return self._kind() == "null"

    def is_sequence(self) -> bool:
        """Return whether this is a list."""
        return isinstance(self._node, yaml.SequenceNode)

    def text(self) -> str:
        """Return a text that is not empty."""
        if self._kind() != "str" or not self._node.value:
            raise self._expected("a text (put it in quotes if it looks like something else)")
        return str(self._node.value)

    def choice(self, known: Collection[str], what: str) -> str:
        """Return a text that is one of those known."""
        name = self.text()
        if name not in known:
            raise self.error(f"unknown {what} {name!r}; {one_of(name, known)}")
        return name

    def number(self, minimum: float, maximum: float) -> float:
        """Return a number in a range."""
        expected = f"a number from {minimum:g} to {maximum:g}"
        if self._kind() not in ("int", "float"):
            raise self._expected(expected)
        try:
            value = float(yaml.SafeLoader("").construct_object(self._node))
        except (ValueError, OverflowError):
            raise self._expected(expected) from None
        if not minimum <= value <= maximum:
            raise self._expected(expected)
        return value

    def integer(self, minimum: int, maximum: int) -> int:
        """Return a whole number in a range."""
        value = self.number(minimum, maximum)
        if value != round(value):
            raise self._expected(f"a whole number from {minimum} to {maximum}")
        return round(value)

    def value(self) -> object:
        """Return what YAML takes this for: a number, text, truth value, list of those, None."""
        try:
            return yaml.SafeLoader("").construct_object(self._node, deep=True)
        except (yaml.YAMLError, ValueError, OverflowError):
            raise self._expected("a plain value") from None

    def flag(self) -> bool:
        """Return true or false."""
        if self._kind() != "bool":
            raise self._expected("true or false")
        return bool(yaml.SafeLoader("").construct_object(self._node))

    def _kind(self) -> str:
        """Return the type that YAML gives a scalar; empty for mappings, lists and custom tags."""
        standard = "tag:yaml.org,2002:"
        scalar = isinstance(self._node, yaml.ScalarNode) and self._node.tag.startswith(standard)
        return self._node.tag[len(standard) :] if scalar else ""

    def _expected(self, what: str) -> FileError:
        if isinstance(self._node, yaml.ScalarNode):
            received = repr(self._node.value[:40]) if self._node.value else "nothing"
        else:
            received = "a mapping" if self.is_mapping() else f"a list of {len(self._node.value)}"
        return self.error(f"expected {what}, received {received}")


Fields = dict[str, Item]


def read(path: Path, read_file: ReadFile) -> Item:
    """
    Read a YAML file.

    :param read_file: does it.
    :raises FileError: if it can't be read or is not YAML.
    """
    return parse(read_whole(path, _MAX_BYTES, read_file), path.name)


def parse(data: bytes | str, file: str) -> Item:
    """
    Parse the text of a YAML file.

    :param file: its name, for messages.
    :raises FileError: if it is not YAML.
    """
    try:
        _check_structure(data, file)
        node = yaml.compose(data, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        what = ", ".join(part for part in (error.context, error.problem) if part)
        raise _error(file, error.problem_mark or error.context_mark, f"not YAML: {what}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        what = " ".join(str(error).split())
        raise FileError(f"{file}: not YAML: {what}") from None
    if node is None:
        raise FileError(f"{file}: the file is empty")
    return Item(file, node)


def _check_structure(data: bytes | str, file: str) -> None:
    """Refuse what could make a small file huge or deep, before anything is built from it."""
    depth = 0
    for event in yaml.parse(data, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise _error(file, event.start_mark, "aliases (*name) are not supported")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            raise _error(file, event.start_mark, f"nested more than {_MAX_DEPTH} levels deep")


def _error(file: str, mark: _Mark | None, message: str) -> FileError:
    place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return FileError(f"{file}{place}: {message}")
