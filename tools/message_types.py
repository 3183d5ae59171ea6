"""
Write edge_perception/messages/types.pyi: what type checkers know of the messages' fields.

Run it after an edit of a .msg file: ``python tools/message_types.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge_perception.messages import types
from edge_perception.messages.classes import definition
from edge_perception.messages.definition import Definition, INTEGERS, NUMBERS, Type

STUBS = Path(types.__file__).with_suffix(".pyi")
_HEAD = '''"""Made by tools/message_types.py from the .msg files."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from edge_perception.messages.classes import Message

def names() -> dict[str, str]: ...
'''
_ELEMENTS = {"bool": "bool_", "byte": "uint8", "char": "uint8"}
"""numpy's names of the types that it calls otherwise."""


def stubs() -> str:
    """Return the text of the file."""
    full_names = types.names()
    classes = (_class(name, definition(full_names[name])) for name in sorted(full_names))
    return "\n".join([_HEAD, *("\n".join(lines) + "\n" for lines in classes)])


def _class(name: str, meaning: Definition) -> Iterator[str]:
    yield f"class {name}(Message):"
    for constant, value in meaning.constants.items():
        yield f"    {constant}: ClassVar[{type(value).__name__}]"
    for field in meaning.fields:
        yield f"    {field.name}: {_type(field.type)}"
    if not meaning.fields:
        yield "    def __init__(self) -> None: ..."
        return
    yield "    def __init__("
    yield "        self,"
    for field in meaning.fields:
        yield f"        {field.name}: {_accepted(field.type)} = ...,"
    yield "    ) -> None: ..."


def _type(kind: Type) -> str:
    """Return the type of a field's value, as it is read from bytes."""
    if kind.base in NUMBERS:
        if kind.array:
            return f"npt.NDArray[np.{_ELEMENTS.get(kind.base, kind.base)}]"
        return {"bool": "bool"}.get(kind.base, "int" if kind.base in INTEGERS else "float")
    one = "str" if kind.base == "string" else kind.base.rpartition("/")[2]
    return f"list[{one}]" if kind.array else one


def _accepted(kind: Type) -> str:
    """Return the type of what may be written: of numbers anything that is like an array."""
    return "npt.ArrayLike" if kind.array and kind.base in NUMBERS else _type(kind)


if __name__ == "__main__":
    STUBS.write_text(stubs(), encoding="utf-8")
