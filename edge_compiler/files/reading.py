"""Files that the user named."""

from __future__ import annotations

import hashlib
from pathlib import Path

from edge_compiler.errors import CompileError


def read_text(path: Path) -> str:
    """
    Read a text file that the user named.

    :raises CompileError: if that is impossible.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CompileError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CompileError(f"{path} is not a text file in UTF-8: {error}") from error


def sha256(path: Path) -> str:
    """Return the hash of a file, reading it piece by piece."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
