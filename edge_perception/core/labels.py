"""Names of classes: patterns that they fit, and what people are shown."""

from __future__ import annotations

from collections.abc import Sequence
import fnmatch
from functools import lru_cache

from edge_perception.messages.types import Detection


@lru_cache(maxsize=4096)
def matches(label: str, *patterns: str) -> bool:
    """
    Return whether a label, or a name that it lists ("moped, motor bike"), fits one of patterns.

    :param patterns: in lower case; ``*`` stands for any text, ``?`` for a letter.
    """
    names: Sequence[str] = [name.strip().lower() for name in (label, *label.split(","))]
    return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in patterns)


def caption(thing: Detection) -> str:
    """Return the label of a detection with what later stages say: "face #7 (anna 0.95)"."""
    name = f"{thing.label} #{thing.track_id}" if thing.track_id > 0 else thing.label
    said = ", ".join(f"{one.label} {one.score:.2f}" for one in thing.attributes)
    return f"{name} ({said})" if said else name
