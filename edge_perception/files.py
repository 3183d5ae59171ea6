"""Reads files that a person names."""

from __future__ import annotations

from pathlib import Path


def read_file(path: Path, most: int) -> bytes:
    """
    Return the first so many bytes of a file.

    :raises OSError: if it can't be read.
    """
    with path.open("rb") as file:
        return file.read(most)
