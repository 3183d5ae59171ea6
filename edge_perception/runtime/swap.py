"""Putting a folder in the place of another at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import ctypes
import errno
import fcntl
import os
from pathlib import Path
import shutil

from edge_perception.runtime.errors import BundleError

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # fcntl.h, linux/fs.h
_UNKNOWN = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)


def exchange(new: Path, destination: Path) -> None:
    """
    Give the folder ``new`` the name ``destination``; what was there is called ``new`` then.

    At every moment there is a folder at ``destination``, if there was one before. Where the file
    system can't do that (NFS), there is none for some microseconds.

    :raises OSError: if the folders can't be renamed.
    """
    if not destination.exists():
        new.rename(destination)
        return
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    here, there = os.fsencode(new), os.fsencode(destination)
    if renameat2 and not renameat2(_AT_FDCWD, here, _AT_FDCWD, there, _RENAME_EXCHANGE):
        return
    error = ctypes.get_errno() if renameat2 else errno.ENOSYS
    if error not in _UNKNOWN:
        raise OSError(error, os.strerror(error), str(destination))
    old = new.with_name("old")
    destination.rename(old)
    try:
        new.rename(destination)
    except BaseException:
        old.rename(destination)
        raise
    old.rename(new)


@contextmanager
def workplace(destination: Path) -> Iterator[Path]:
    """
    Give an empty folder beside ``destination``, and remove it in the end.

    It has always the same name, so that what a killed run has left is removed by the next.

    :raises BundleError: if another process uses it.
    """
    folder = destination.with_name(f".{destination.name}.installing")
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(descriptor), os.stat(folder)):
            raise FileNotFoundError  # its owner has just removed it
    except (BlockingIOError, FileNotFoundError):
        os.close(descriptor)
        raise BundleError(
            f"{destination} is being installed by another process; try again when it is done"
        ) from None
    try:
        _empty(folder)
        yield folder
    finally:
        shutil.rmtree(folder)
        os.close(descriptor)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
