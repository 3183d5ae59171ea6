"""Read .msg files: the ROS 2 interface definition of a message."""

from __future__ import annotations

import ast
from dataclasses import dataclass
import re

INTEGERS = {
    "byte": "B",
    "char": "B",
    "int8": "b",
    "uint8": "B",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
}
NUMBERS = {"bool": "?", **INTEGERS, "float32": "f", "float64": "d"}
"""The numeric types of .msg files and their codes in the struct module."""

_NAME = re.compile(r"([a-z][a-z0-9_]*)/(?:msg/)?([A-Z][A-Za-z0-9]*)")
_TYPE = re.compile(r"(?P<base>[A-Za-z][\w/]*)(?:<=(?P<limit>\d+))?(?P<array>\[(?:<=)?\d*\])?")
_LINE = re.compile(
    r"(?P<type>\S+)\s+(?P<name>[A-Za-z]\w*)\s*(?:=\s*(?P<constant>.+)|(?P<default>.*))"
)


class MessageError(Exception):
    """A message type, value or byte string that is not what it should be, in one sentence."""


@dataclass(frozen=True)
class Type:
    """
    The type of a field.

    :ivar base: a name of NUMBERS, "string", or a full message name.
    :ivar limit: greatest length of the string in bytes; None if unbounded.
    :ivar array: whether it is a sequence or an array of ``base``.
    :ivar size: number of elements of a fixed array, greatest number for a bounded sequence;
        None if unbounded.
    :ivar fixed: whether ``size`` is the exact number.
    """

    base: str
    limit: int | None = None
    array: bool = False
    size: int | None = None
    fixed: bool = False


@dataclass(frozen=True)
class Field:
    """A field and its default as the .msg file gives it; None if it gives none."""

    name: str
    type: Type
    default: object = None


@dataclass(frozen=True)
class Definition:
    """The content of one .msg file; ``name`` is the full one, "std_msgs/msg/Header"."""

    name: str
    fields: tuple[Field, ...]
    constants: dict[str, object]


def full_name(name: str, package: str = "") -> str:
    """
    Give a message's name in its full form: "std_msgs/Header" becomes "std_msgs/msg/Header".

    :param package: that of the file in which the name stands, for names without a package.
    :raises MessageError: if it can't be the name of a message.
    """
    match = _NAME.fullmatch(f"{package}/{name}" if package and "/" not in name else name)
    if not match:
        raise MessageError(f"{name!r} is no message type: expected e.g. 'sensor_msgs/msg/Image'")
    return "{}/msg/{}".format(*match.groups())


def parse(name: str, text: str) -> Definition:
    """
    Parse the text of a .msg file.

    :param name: full name of the message.
    :raises MessageError: naming the line.
    """
    package = name.partition("/")[0]
    fields: list[Field] = []
    constants: dict[str, object] = {}
    for number, raw in enumerate(text.splitlines(), 1):
        line = _without_comment(raw)
        if not line:
            continue
        try:
            match = _LINE.fullmatch(line)
            if not match:
                raise MessageError("expected a type and a name")
            kind = _type(match["type"], package)
            if match["name"] in constants or any(f.name == match["name"] for f in fields):
                raise MessageError(f"there are two of the name {match['name']!r}")
            if match["constant"] is not None:
                constants[match["name"]] = _literal(kind, match["constant"])
            else:
                default = _literal(kind, match["default"]) if match["default"] else None
                fields.append(Field(match["name"], kind, default))
        except MessageError as error:
            raise MessageError(f"{name}, line {number}: {error} in {line!r}") from None
    return Definition(name, tuple(fields), constants)


def _without_comment(line: str) -> str:
    """Cut the comment off, but not a # inside quotes (the value of a string constant)."""
    quote = ""
    for position, character in enumerate(line):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == "#":
            return line[:position].strip()
    return line.strip() if not quote else line.partition("#")[0].strip()


def _type(text: str, package: str) -> Type:
    match = _TYPE.fullmatch(text)
    if not match:
        raise MessageError(f"{text!r} is no type")
    base, array = match["base"], match["array"] or ""
    if base == "wstring":
        raise MessageError("wstring is not supported, use string")
    if base not in NUMBERS and base != "string":
        base = full_name(base, package)
    digits = array.strip("[]<=")
    return Type(
        base,
        limit=int(match["limit"]) if match["limit"] else None,
        array=bool(array),
        size=int(digits) if digits else None,
        fixed=bool(digits) and "<=" not in array,
    )


def _literal(kind: Type, text: str) -> object:
    """Parse the value of a constant or a default."""
    if kind.base == "string" and not kind.array:
        return text[1:-1] if text[:1] in ("'", '"') and text[-1:] == text[:1] else text
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        value = ast.literal_eval(text)
        return float(value) if kind.base.startswith("float") and not kind.array else value
    except (ValueError, SyntaxError, TypeError):
        raise MessageError(f"{text!r} is no value of type {kind.base}") from None
