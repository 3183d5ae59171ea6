"""What a user is told about a name that is not known."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches


def one_of(name: str, known: Collection[str]) -> str:
    """Return what is known instead of a name, and which of it was probably meant."""
    return f"expected one of {', '.join(known)}{did_you_mean(name, known)}"


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return the end of a sentence: which name was probably meant; empty if none is alike."""
    near = get_close_matches(name, known, 1)
    return f"; is {near[0]!r} meant?" if near else ""
