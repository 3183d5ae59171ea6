"""JSON that goes into a bundle: read as strictly as the robot will read it there."""

from __future__ import annotations

import json
from typing import Any

from edge_compiler.errors import CompileError
from edge_perception.runtime.schema import object_without_duplicates

DEEPEST = 16
LARGEST_INTEGER = 2**53 - 1
LARGEST_NUMBER = 1e300


def parse_json(text: str, where: str) -> Any:
    """
    Return the value of a JSON text.

    :param where: names the text in errors.
    :raises CompileError: if it is no JSON, or holds what a bundle can't.
    """
    try:
        value = json.loads(text, object_pairs_hook=object_without_duplicates)
    except RecursionError:
        raise CompileError(f"{where} is nested more than {DEEPEST} deep: export it anew") from None
    except ValueError as error:
        raise CompileError(f"{where} is not valid JSON: {error}") from error
    if wrong := _why_not(value, 0):
        raise CompileError(f"{where} {wrong}")
    return value


def _why_not(value: Any, depth: int) -> str:
    """Return what is wrong with a value, as the end of a sentence; empty if nothing is."""
    if depth > DEEPEST:
        return f"is nested more than {DEEPEST} deep: export it anew"
    if isinstance(value, dict):
        unprintable = next((key for key in value if not key.isprintable()), None)
        if unprintable is not None:
            return f"has the field {unprintable!a}, whose name can't be printed"
        return next(filter(None, (_why_not(item, depth + 1) for item in value.values())), "")
    if isinstance(value, list):
        return next(filter(None, (_why_not(item, depth + 1) for item in value)), "")
    if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
        return f"has the text {value!a}, which is no Unicode: half a surrogate pair"
    if isinstance(value, float) and not abs(value) <= LARGEST_NUMBER:  # NaN compares as false
        return f"has {value} where a finite number is expected"
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        return "has an integer beyond 2^53"
    return ""
