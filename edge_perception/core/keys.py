"""The keys of files that people write, described where they are read: the reference shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Key(NamedTuple):
    """
    A key of a mapping.

    :ivar takes: which values, e.g. "a text".
    :ivar meaning: what they do.
    """

    takes: str
    meaning: str
    required: bool = False


Keys = Mapping[str, Key]


def required(keys: Keys) -> list[str]:
    """Return those that must be there."""
    return [name for name, key in keys.items() if key.required]
