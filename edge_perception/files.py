"""Reads files that a person names."""

from __future__ import annotations

import errno
import os
from pathlib import Path
import stat


def read_file(path: Path, most: int) -> bytes:
    """
    Return the first so many bytes of a plain file.

    Several nodes of a robot read its files, and again when they are configured anew: a pipe has
    what it gives only once, and might let them wait.

    :raises OSError: if it can't be read.
    """
    mode = os.stat(path).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode):
        raise OSError(errno.EINVAL, "it is no plain file, which can be read again; save it in one")
    with path.open("rb") as file:
        return file.read(most)
