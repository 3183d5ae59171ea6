"""Messages as text, as `ros2 topic echo` shows them, and text as messages."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from typing import Any

import numpy as np
import yaml

from edge_perception import messages
from edge_perception.core.names import one_of
from edge_perception.messages import Message, MessageError

LONGEST = 128  # elements or characters that are shown of one value


def as_yaml(message: Message, whole: bool = False, arrays: bool = True) -> str:
    """
    Return a message as YAML.

    :param whole: show all of long arrays and texts
    :param arrays: show the elements of arrays of numbers
    """
    shown = _plain(message, None if whole else LONGEST, arrays)
    text = yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=1 << 20)
    return str(text).rstrip("\n")


def from_yaml(type_: str, text: str) -> Message:
    """
    Return a message with the fields that a text gives; the others have their defaults.

    :raises MessageError: if the text isn't YAML, or doesn't fit the type
    """
    try:
        given = yaml.safe_load(text) if text.strip() else {}
    except yaml.YAMLError as error:
        raise MessageError(f"{text!r:.80} is no YAML: {' '.join(str(error).split())}") from None
    message: Message = messages.get(type_)()
    _fill(message, given)
    return message


def _plain(value: Any, longest: int | None, arrays: bool) -> Any:
    """Return a value as YAML has it."""
    if isinstance(value, Message):
        return {
            field.name: _plain(getattr(value, field.name), longest, arrays)
            for field in dataclasses.fields(value)  # type: ignore[arg-type]
        }
    if isinstance(value, bytes):
        value = np.frombuffer(value, np.uint8)
    if isinstance(value, np.ndarray):
        if not arrays:
            return f"<sequence type: {value.dtype.name}, length: {len(value)}>"
        return _cut(value[:longest].tolist(), len(value))
    if isinstance(value, list):
        return _cut([_plain(one, longest, arrays) for one in value[:longest]], len(value))
    if isinstance(value, str) and longest is not None and len(value) > longest:
        return f"{value[:longest]}..."
    return value


def _cut(shown: list[Any], length: int) -> list[Any]:
    return shown if len(shown) == length else [*shown, "..."]


def _fill(message: Any, given: Any) -> None:
    """Set the fields of a message."""
    if not isinstance(given, Mapping):
        raise MessageError(f"{message.__msgtype__}: expected fields with values, e.g. {{x: 1}}")
    fields = [field.name for field in dataclasses.fields(message)]
    for name, value in given.items():
        if name not in fields:
            raise MessageError(
                f"{message.__msgtype__} has no field {name!r}; {one_of(str(name), fields)}"
            )
        if isinstance(getattr(message, name), Message):
            _fill(getattr(message, name), value)
        elif isinstance(value, float | int) and isinstance(getattr(message, name), float):
            setattr(message, name, float(value))
        else:
            setattr(message, name, value)
