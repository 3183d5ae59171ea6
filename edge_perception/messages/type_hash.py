"""
The hash of a message type (RIHS01), by which ROS 2 knows whether two mean the same by its name.

It is the SHA-256 of the type's description, as REP-2016 defines it: names and types of the fields
and of all messages nested in them, without comments, constants and defaults.
"""

from __future__ import annotations

import functools
import hashlib
import json
from typing import Any

from edge_perception.messages.classes import definition
from edge_perception.messages.definition import full_name, NUMBERS, Type

PREFIX = "RIHS01_"
"""Before the 64 hexadecimal digits of a hash, where ROS 2 writes it."""
_NESTED, _STRING, _BOUNDED_STRING = 1, 17, 21
_ARRAY, _BOUNDED, _UNBOUNDED = 48, 96, 144
"""What an array, a bounded and an unbounded sequence add to the number of their elements' type."""
_NUMBERS = {
    "int8": 2,
    "uint8": 3,
    "int16": 4,
    "uint16": 5,
    "int32": 6,
    "uint32": 7,
    "int64": 8,
    "uint64": 9,
    "float32": 10,
    "float64": 11,
    "char": 3,
    "bool": 15,
    "byte": 16,
}
"""The numbers of type_description_interfaces/msg/FieldType; in .msg files, char is uint8."""


@functools.cache
def digest(name: str) -> bytes:
    """
    Return the 32 bytes of a type's hash.

    :raises MessageError: if there is no such message
    """
    name = full_name(name)
    nested = sorted(_nested(name) - {name})
    described = {
        "type_description": _description(name),
        "referenced_type_descriptions": [_description(one) for one in nested],
    }
    return hashlib.sha256(json.dumps(described).encode()).digest()


def _nested(name: str) -> set[str]:
    """Return the names of all messages that a message consists of, itself among them."""
    found = {name}
    for field in definition(name).fields:
        if field.type.base not in NUMBERS and field.type.base != "string":
            found |= _nested(field.type.base)
    return found


def _description(name: str) -> dict[str, Any]:
    fields = [{"name": one.name, "type": _type(one.type)} for one in definition(name).fields]
    if not fields:  # as rosidl has it, since C has no empty structures
        fields = [{"name": "structure_needs_at_least_one_member", "type": _type(Type("uint8"))}]
    return {"type_name": name, "fields": fields}


def _type(kind: Type) -> dict[str, Any]:
    number, nested = _NUMBERS.get(kind.base, _NESTED), ""
    if kind.base == "string":
        number = _STRING if kind.limit is None else _BOUNDED_STRING
    elif number == _NESTED:
        nested = kind.base
    if kind.array:
        number += _ARRAY if kind.fixed else _UNBOUNDED if kind.size is None else _BOUNDED
    return {
        "type_id": number,
        "capacity": kind.size or 0,
        "string_capacity": kind.limit or 0,
        "nested_type_name": nested,
    }
