"""What would take too much memory: it is kept in files without a name."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
import math
import os
import tempfile
from typing import Any, BinaryIO
import weakref

import numpy as np

Array = np.ndarray[Any, Any]


def unnamed_file(owner: object) -> BinaryIO:
    """Return a new file for reading and writing, which ends with its owner."""
    file: BinaryIO = tempfile.TemporaryFile(dir=_roomy_folder())  # noqa: SIM115 - as said above
    weakref.finalize(owner, file.close)
    return file


def _roomy_folder() -> str | None:
    """Return where large files may lie: unlike the usual folder, it should not be in memory."""
    wanted = os.environ.get("TMPDIR", "/var/tmp")
    return wanted if os.access(wanted, os.W_OK) else None


class ArraysOnDisk(MutableMapping[str, Array]):
    """Arrays by name; whoever asks for one is given a copy of its own."""

    def __init__(self) -> None:
        """Begin with none."""
        self._file = unnamed_file(self)
        self._bytes = 0
        self._known: dict[str, tuple[int, np.dtype[Any], tuple[int, ...]]] = {}

    def __setitem__(self, name: str, array: Array) -> None:
        """Write an array; one that it takes the place of stays in the file."""
        self._known[name] = (self._bytes, array.dtype, array.shape)
        self._file.seek(self._bytes)
        array.tofile(self._file)
        self._bytes += array.nbytes

    def __getitem__(self, name: str) -> Array:
        """Read an array."""
        place, dtype, shape = self._known[name]
        self._file.seek(place)
        return np.fromfile(self._file, dtype, math.prod(shape)).reshape(shape)

    def __contains__(self, name: object) -> bool:
        """Return whether there is such an array, without reading it."""
        return name in self._known

    def __delitem__(self, name: str) -> None:
        """Forget an array."""
        del self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)
