"""Folders that appear complete or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import tempfile


@contextmanager
def new_folder(destination: Path) -> Iterator[Path]:
    """
    Give an empty folder that takes the place of ``destination`` when the block ends well.

    If the block raises, the folder vanishes and ``destination`` is as it was.
    """
    with tempfile.TemporaryDirectory(
        prefix=f".{destination.name}-", dir=destination.parent
    ) as scratch:
        folder, old = Path(scratch) / "new", Path(scratch) / "old"
        folder.mkdir()
        yield folder
        if destination.exists():  # only over an empty folder could be renamed
            destination.rename(old)
        try:
            folder.rename(destination)
        except BaseException:
            if old.exists():
                old.rename(destination)
            raise
