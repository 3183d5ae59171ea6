"""Folders that appear complete or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import errno
import fcntl
import os
from pathlib import Path
import shutil
import tempfile

from edge_compiler.errors import CompileError
from edge_perception.runtime.swap import exchange

_FULL = (errno.ENOSPC, errno.EDQUOT)
_LOCK = "maker.lock"
"""Held as long as the process lives that makes the folder: the system lets go of it, always."""


@contextmanager
def new_folder(destination: Path) -> Iterator[Path]:
    """
    Give an empty folder that takes the place of ``destination`` when the block ends well.

    If the block raises, the folder vanishes and ``destination`` is as it was. What a process left
    that was killed meanwhile is removed by the next one with the same destination.

    :raises CompileError: if folders can't be made there.
    """
    prefix = f".{destination.name}-"
    _remove_left_over(destination.parent, prefix)
    try:
        scratch_folder = tempfile.TemporaryDirectory(prefix=prefix, dir=destination.parent)
    except OSError as error:  # it knows the scratch folder's name alone
        raise CompileError(f"cannot write {destination}: {error.strerror or error}") from error
    with scratch_folder as scratch, _locked(Path(scratch)):
        folder = Path(scratch) / "new"
        folder.mkdir()
        try:
            yield folder
        except OSError as error:
            if error.errno in _FULL:  # writing to an open file names none
                error.filename = error.filename or str(destination)
            raise
        exchange(folder, destination)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Mark a folder as ours and in use; under its name the lock is held from the beginning."""
    unnamed = folder / f"{_LOCK}.new"
    with unnamed.open("w") as lock:
        with suppress(OSError):  # a file system without locks: then nothing is marked
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unnamed.rename(folder / _LOCK)
        yield


def _remove_left_over(parent: Path, prefix: str) -> None:
    """Remove folders that were marked by a process that lives no more."""
    with suppress(OSError):
        for entry in os.scandir(parent):
            if entry.name.startswith(prefix) and entry.is_dir(follow_symlinks=False):
                _remove_if_left_over(Path(entry))


def _remove_if_left_over(folder: Path) -> None:
    with suppress(OSError):  # no lock in it, or its maker still holds it
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            old, destination = folder / "old", folder.parent / _destination(folder)
            if old.exists() and not destination.exists():  # killed within exchange()
                old.rename(destination)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)


def _destination(folder: Path) -> str:
    """Return the name for which a scratch folder was made."""
    return folder.name.removeprefix(".").rpartition("-")[0]
