"""The file in which it is recorded what was unlocked: lines that are only ever added."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from edge_perception.drivers.imu.bias_file import state_dir

_LONGEST_LINE = 100_000


class AuditFile:
    """A file of lines, readable for its owner alone, which one process at a time may add to."""

    def __init__(self, path: Path | None = None) -> None:
        """
        Open it, or make it.

        :param path: unlock.log in the folder of the user's state if it is not given.
        :raises OSError: if that is not possible, or another process has it open.
        """
        self._path = path or state_dir() / "unlock.log"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(
            self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise OSError(errno.EBUSY, "another decision node writes it") from None

    @property
    def name(self) -> str:
        """Return its path."""
        return str(self._path)

    def last(self) -> str:
        """Return the last line; empty if there is none."""
        size = os.fstat(self._file).st_size
        tail = os.pread(self._file, _LONGEST_LINE, max(0, size - _LONGEST_LINE))
        return tail.rstrip(b"\n").rpartition(b"\n")[2].decode("utf-8", "replace")

    def append(self, line: str) -> None:
        """Add a line, and wait until it is stored."""
        data = line.encode() + b"\n"
        if os.write(self._file, data) != len(data):
            raise OSError(errno.ENOSPC, "the disk is full")
        os.fsync(self._file)

    def close(self) -> None:
        """Let others have it."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
