"""Pieces of the JSON schema of rule files, with which editors complete and check them."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
"""A JSON schema (draft 2020-12)."""


def one_or_several(description: str, what: str = "string") -> Schema:
    """Return the schema of a value or a list of such values."""
    one: Schema = {"type": what}
    several: Schema = {"type": "array", "items": one, "minItems": 1}
    return {"description": description, "oneOf": [one, several]}


def mapping(description: str, properties: Schema, required: tuple[str, ...] = ()) -> Schema:
    """Return the schema of a mapping with no other keys than these."""
    return {
        "description": description,
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
