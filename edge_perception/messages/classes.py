"""Make the Python class of a message from its definition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import dataclasses
import functools
import os
from pathlib import Path
import sys
from typing import Any, ClassVar

import numpy as np

from edge_perception.messages.definition import (
    Definition,
    Field,
    full_name,
    MessageError,
    NUMBERS,
    parse,
    Type,
)
from edge_perception.share import share_dir


class Message:
    """Base of the classes that ``get`` makes: dataclasses with slots, equal if their bytes are."""

    __slots__ = ()
    __msgtype__: ClassVar[str]


def get(name: str) -> Any:
    """
    Return the class of a message, e.g. of "sensor_msgs/msg/Image" or "sensor_msgs/Image".

    It is a dataclass with slots, keyword arguments, ROS's defaults, and the constants of the
    definition as class attributes.

    :raises MessageError: if there is no such message.
    """
    return _make(full_name(name))


@functools.cache
def definition(name: str) -> Definition:
    """
    Read the definition of a message.

    :param name: its full name.
    :raises MessageError: if there is none, or it has a mistake.
    """
    return parse(name, source(name))


def source(name: str) -> str:
    """
    Return the text of a message's definition.

    :param name: its full name.
    :raises MessageError: if there is none.
    """
    package, _, message = name.partition("/msg/")
    for folder in _folders(package):
        path = folder / f"{message}.msg"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise MessageError(
        f"there is no message {name!r}: neither edge_perception nor an installed ROS 2 package "
        "defines it; is it spelled right and is the package's setup file sourced?"
    )


def _folders(package: str) -> Iterator[Path]:
    """Yield the folders where a package's .msg files may lie."""
    yield Path(__file__).parent / "standard" / package
    if package == "edge_perception":
        yield share_dir() / "msg"
    for prefix in [*os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep), sys.prefix]:
        if prefix:
            yield Path(prefix) / "share" / package / "msg"


@functools.cache
def _make(name: str) -> Any:
    meaning = definition(name)

    def equal(self: Message, other: object) -> bool:
        return other.__class__ is self.__class__ and all(
            _alike(f.type, getattr(self, f.name), getattr(other, f.name)) for f in meaning.fields
        )

    members: dict[str, Any] = {
        **meaning.constants,
        "__msgtype__": name,
        "__eq__": equal,
        "__hash__": None,
        "__doc__": f"The message {name}.",
        "__module__": __name__,
    }
    fields = [(f.name, Any, _default(f)) for f in meaning.fields]
    return dataclasses.make_dataclass(
        name.rpartition("/")[2], fields, bases=(Message,), namespace=members, eq=False, slots=True
    )


def _alike(kind: Type, ours: Any, theirs: Any) -> bool:
    """Return whether two values of a field have the same bytes in a message."""
    if kind.base in NUMBERS:
        dtype = np.dtype(NUMBERS[kind.base])
        return _numbers(ours, dtype).tobytes() == _numbers(theirs, dtype).tobytes()
    return bool(list(ours) == list(theirs) if kind.array else ours == theirs)


def _numbers(values: Any, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Return the numbers of a field, which may be bytes, as an array."""
    if isinstance(values, bytes | bytearray | memoryview):
        return np.frombuffer(values, dtype)
    return np.asarray(values, dtype)


def _default(field: Field) -> Any:
    """Return a field of a dataclass with the default that the definition gives, or ROS."""
    kind, given = field.type, field.default
    if not kind.array and (kind.base in NUMBERS or kind.base == "string"):
        zero = "" if kind.base == "string" else np.dtype(NUMBERS[kind.base]).type(0).item()
        return dataclasses.field(default=zero if given is None else given)
    return dataclasses.field(default_factory=_factory(field))


def _factory(field: Field) -> Callable[[], Any]:
    """Return what makes the default of a message, an array or a sequence."""
    kind, given = field.type, field.default
    if kind.base in NUMBERS:
        dtype = np.dtype(NUMBERS[kind.base])
        if given is not None:
            return lambda: np.array(given, dtype)
        return lambda: np.zeros(kind.size if kind.fixed else 0, dtype)
    one: Callable[[], Any] = str if kind.base == "string" else get(kind.base)
    if isinstance(given, list | tuple):
        return lambda: list(given)
    if not kind.array:
        return one
    count = (kind.size or 0) if kind.fixed else 0
    return lambda: [one() for _ in range(count)]
