"""A bundle as a folder. A symbolic link in it could lead anywhere: none is followed."""

from __future__ import annotations

import os
from pathlib import Path
import stat
from typing import BinaryIO

from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.files import check_kind, Files, open_plain


class Folder(Files):
    """The folder of a bundle, open."""

    def __init__(self, path: str | Path) -> None:
        """
        Open the folder.

        :raises BundleError: if there is none.
        """
        self.path = Path(path)
        try:
            self._descriptor = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            state = "does not exist"
        except NotADirectoryError:
            state = "is not a folder"
        except (OSError, ValueError) as error:  # ValueError: a name that no file can have
            state = f"can't be opened ({getattr(error, 'strerror', None) or error})"
        else:
            return
        raise BundleError(
            f"{self.path} {state}; give the folder NAME.edge that edgec compile has written"
        )

    def open(self, name: str) -> BinaryIO:
        """Open a plain file; see `Files`."""
        *folders, last = name.split("/")
        inner = os.dup(self._descriptor)
        try:
            for folder in folders:
                check_kind(os.lstat(folder, dir_fd=inner), self.path / name, stat.S_IFDIR)
                flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                outer, inner = inner, os.open(folder, flags, dir_fd=inner)
                os.close(outer)
            return open_plain(self.path / name, last, inner)
        finally:
            os.close(inner)

    def names(self) -> set[str]:
        """Return the names of all that is in the folder, but for folders."""
        found = (path for path in self.path.rglob("*") if path.is_symlink() or not path.is_dir())
        return {path.relative_to(self.path).as_posix() for path in found}
