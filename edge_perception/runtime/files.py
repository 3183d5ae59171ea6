"""
Reading files of a bundle, whatever they are and whatever happens to them meanwhile.

Only plain files are opened: to open a FIFO would wait for ever.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
import hashlib
import os
from pathlib import Path
import stat
from types import TracebackType
from typing import BinaryIO, TypeVar

from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.manifest import BundleFile

LARGEST_FILE = 2**31
"""Code finds its data within 2 GiB, so no library is larger."""
_BLOCK = 1 << 20
_KINDS = {
    stat.S_IFLNK: "a symbolic link, which may lead out of the bundle",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
}
Self = TypeVar("Self", bound="Files")


class Files(ABC):
    """
    The files of an open bundle; a context manager.

    All are found from what was opened, so that files of two bundles never mix when one takes the
    other's place.

    :ivar path: of the bundle, to name it in errors.
    """

    path: Path
    _descriptor: int

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    def was_replaced(self) -> bool:
        """Return whether another bundle has taken the place of this one."""
        try:
            now = os.stat(self.path)
        except OSError:
            return False
        return not os.path.samestat(now, os.fstat(self._descriptor))

    @abstractmethod
    def open(self, name: str) -> BinaryIO:
        """
        Open a plain file; never waits.

        :param name: relative, its parts separated by "/".
        :raises OSError: if it can't be opened.
        :raises BundleError: if it is no plain file.
        """

    def has(self, name: str) -> bool:
        """Return whether there is something of that name."""
        try:
            self.open(name).close()
        except FileNotFoundError:
            return False
        except (OSError, BundleError):
            return True  # whoever reads it is told what is wrong with it
        return True

    @abstractmethod
    def names(self) -> set[str]:
        """Return the names of all that is in the bundle, but for folders."""

    def blocks(self, name: str, stated: BundleFile) -> Iterator[bytes]:
        """
        Yield the content of a file, and check it: trust nothing before the end.

        :param stated: what the manifest says of it.
        :raises BundleError: if it is missing, no plain file, or not as stated.
        """
        path, digest = self.path / name, hashlib.sha256()
        try:
            with self.open(name) as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(0)
                if size != stated.bytes:
                    raise BundleError(
                        f"{path} is damaged or was changed: it has {size} bytes, the manifest "
                        f"says {stated.bytes}; copy or compile the bundle again"
                    )
                yield from _hashed(file, stated.bytes, digest)
        except OSError as error:
            raise BundleError(
                f"{path} can't be read ({error.strerror}); copy the whole bundle again"
            ) from None
        if digest.hexdigest() != stated.sha256:
            raise BundleError(
                f"{path} is damaged or was changed: its SHA-256 is {digest.hexdigest()[:12]}..., "
                f"the manifest says {stated.sha256[:12]}...; copy or compile the bundle again"
            )


def file_blocks(path: Path, most: int = LARGEST_FILE) -> Iterator[bytes]:
    """
    Yield the content of a plain file, piece by piece.

    :param most: bytes that it may have.
    :raises BundleError: if it can't be read, or has more.
    """
    try:
        with open_plain(path, path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > most:
                raise BundleError(f"{path} has {size} bytes, at most {most} are expected")
            yield from _hashed(file, size, hashlib.sha256())
    except OSError as error:
        raise BundleError(f"{path} can't be read ({error.strerror})") from None


def open_plain(path: Path, name: str | Path, folder: int | None = None) -> BinaryIO:
    """
    Open a plain file to read it; never waits.

    :param path: names it in errors.
    :param name: of the file, in the open ``folder`` if there is one.
    :raises OSError: if it can't be opened.
    :raises BundleError: if it is something else.
    """
    follow = folder is None
    check_kind(os.stat(name, dir_fd=folder, follow_symlinks=follow), path, stat.S_IFREG)
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
    flags |= 0 if follow else os.O_NOFOLLOW
    file = os.fdopen(os.open(name, flags, dir_fd=folder), "rb")
    try:
        check_kind(os.fstat(file.fileno()), path, stat.S_IFREG)  # it may be another one by now
    except BundleError:
        file.close()
        raise
    return file


def describe_file(path: Path) -> BundleFile:
    """Return what a manifest says of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        size = sum(len(block) for block in _hashed(file, None, digest))
    return BundleFile(size, digest.hexdigest())


def _hashed(file: BinaryIO, most: int | None, digest: hashlib._Hash) -> Iterator[bytes]:
    """Yield the content of a file, at most so many bytes, and digest it."""
    rest = float("inf") if most is None else most
    while block := file.read(int(min(_BLOCK, rest))):
        digest.update(block)
        rest -= len(block)
        yield block


def check_kind(status: os.stat_result, path: Path, expected: int) -> None:
    """
    Check what a file is.

    :param expected: its kind, such as stat.S_IFREG.
    :raises BundleError: if it is of another.
    """
    kind = stat.S_IFMT(status.st_mode)
    if kind != expected:
        raise BundleError(
            f"{path} is {_KINDS.get(kind, 'a device')} instead of a plain file; "
            "copy what it holds into one (a bundle by cp -rL)"
        )
