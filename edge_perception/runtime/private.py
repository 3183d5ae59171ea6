"""
Private copies of libraries: what was checked is what runs, whatever happens to the file.

The dynamic linker maps a file's pages and reads them when they are needed. Were they the bundle's
own, then copying another bundle over it, or cutting it off, would change or kill a robot that
runs. So the library is copied into memory that has no name and is sealed against changes. Only who
has made the file and lets nobody else write to it may do without the copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
import contextlib
from dataclasses import dataclass
import fcntl
from functools import partial
import hashlib
import mmap
import os
from pathlib import Path
import tempfile

from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.files import file_blocks, open_plain

Blocks = Callable[[], Iterable[bytes]]
"""Returns the content of a file, piece by piece."""

_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


@dataclass(frozen=True)
class PrivateFile:
    """
    A file that only this process can find, and from which code may run.

    :ivar descriptor: to read it by.
    :ivar path: to open it by; no other file had it while the descriptor was open.
    :ivar sha256: of the content.
    :ivar named: whether it has a name in the file system, until `hide`.
    """

    descriptor: int
    path: str
    sha256: str
    named: bool

    def hide(self) -> None:
        """Take its name away; what has opened it by now keeps it."""
        if self.named:
            with contextlib.suppress(OSError):
                os.unlink(self.path)

    def close(self) -> None:
        """Let it go."""
        self.hide()
        os.close(self.descriptor)


def private_copy(blocks: Blocks, what: Path) -> PrivateFile:
    """
    Copy a file, into memory if code may run from there, else into the folder of temporary files.

    :param what: names the original in errors.
    :raises BundleError: if neither is possible, or the content is not what it should be.
    """
    reasons = []
    for copy in (_in_memory, _in_folder):
        try:
            return copy(blocks)
        except OSError as error:
            place = "memory" if copy is _in_memory else tempfile.tempdir or "a temporary folder"
            reasons.append(f"{place}: {error.strerror}")
    raise BundleError(
        f"{what} can't be copied to where nobody changes it and its code may run "
        f"({'; '.join(reasons)}); mount /proc, or set TMPDIR to a folder with room that is not "
        "mounted noexec"
    )


def own_file(path: Path) -> PrivateFile:
    """
    Return a file as it is, which the caller lets nobody else change: no copy takes memory.

    It is copied all the same if code may not run from where it lies.

    :raises BundleError: if it can't be read, or is no plain file.
    """
    blocks = partial(file_blocks, path)
    digest = hashlib.sha256()
    for block in blocks():
        digest.update(block)
    with open_plain(path, path) as file:
        try:
            _check_runnable(file.fileno())
        except OSError:
            return private_copy(blocks, path)
        return PrivateFile(os.dup(file.fileno()), str(path), digest.hexdigest(), named=False)


def _in_memory(blocks: Blocks) -> PrivateFile:
    descriptor = os.memfd_create("edge-model", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    path = f"/proc/self/fd/{descriptor}"
    try:
        os.stat(path)  # a container may have no /proc
        sha256 = _fill(descriptor, blocks)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    except BaseException:
        os.close(descriptor)
        raise
    return PrivateFile(descriptor, path, sha256, named=False)


def _in_folder(blocks: Blocks) -> PrivateFile:
    descriptor, path = tempfile.mkstemp(prefix="edge-model-")  # nobody else may open it
    try:
        return PrivateFile(descriptor, path, _fill(descriptor, blocks), named=True)
    except BaseException:
        os.close(descriptor)
        os.unlink(path)
        raise


def _fill(descriptor: int, blocks: Blocks) -> str:
    """
    Write the content of a file.

    :returns: its SHA-256.
    :raises OSError: if that fails, or code may not run from the file.
    """
    digest = hashlib.sha256()
    with open(descriptor, "wb", closefd=False) as file:
        for block in blocks():
            digest.update(block)
            file.write(block)
    _check_runnable(descriptor)
    return digest.hexdigest()


def _check_runnable(descriptor: int) -> None:
    """Raise OSError if code may not run from a file."""
    if size := os.fstat(descriptor).st_size:
        mmap.mmap(descriptor, size, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC).close()
