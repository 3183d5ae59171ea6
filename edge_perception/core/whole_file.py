"""Files of a configuration, read as a whole or not at all."""

from __future__ import annotations

from pathlib import Path

from edge_perception.core.environment import ReadFile


class FileError(Exception):
    """A file that can't be used: which, what is wrong with it, where, what was expected."""


def read_whole(path: Path, most: int, read_file: ReadFile) -> bytes:
    """
    Return the content of a file.

    :param most: bytes that it may have.
    :raises FileError: if it can't be read, or is larger.
    """
    try:
        data = read_file(path, most + 1)
    except OSError as error:
        raise FileError(f"{path}: the file can't be read: {error.strerror}") from None
    if len(data) > most:
        raise FileError(f"{path}: the file is larger than {most} bytes")
    return data
