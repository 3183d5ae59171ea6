"""Names of classes, and patterns that they fit."""

from __future__ import annotations

from collections.abc import Sequence
import fnmatch


def matches(label: str, pattern: str) -> bool:
    """
    Return whether a label, or one of the names it lists ("moped, motor bike"), fits a pattern.

    :param pattern: in lower case; ``*`` stands for any text, ``?`` for a letter.
    """
    names: Sequence[str] = [label, *label.split(",")]
    return any(fnmatch.fnmatchcase(name.strip().lower(), pattern) for name in names)
