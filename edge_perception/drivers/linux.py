"""The system calls that device drivers use, replaceable in tests, and what their errors mean."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import select
import time
from typing import Protocol


class Mapping(Protocol):
    """Device memory: something with the buffer protocol that can be closed."""

    def __buffer__(self, flags: int, /) -> memoryview:
        """Give access to the memory."""

    def close(self) -> None:
        """Unmap it."""


class System(Protocol):
    """What a driver asks of the operating system; failures are OSError."""

    def open(self, path: str) -> int:
        """Open a device for non-blocking reading and writing."""

    def close(self, descriptor: int) -> None:
        """Close a device."""

    def ioctl(
        self, descriptor: int, request: int, argument: ctypes.Structure | ctypes.c_int
    ) -> None:
        """Control a device; the argument is changed in place."""

    def map(self, descriptor: int, length: int, offset: int) -> Mapping:
        """Map device memory."""

    def wait(self, descriptor: int, timeout: float) -> bool:
        """Wait until there is something to read, or the device has failed."""

    def monotonic(self) -> int:
        """Return the nanoseconds of the clock that devices stamp with."""

    def time(self) -> int:
        """Return system time in nanoseconds."""


class Linux:
    """The real one."""

    def open(self, path: str) -> int:
        """Open a device for non-blocking reading and writing."""
        return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def close(self, descriptor: int) -> None:
        """Close a device."""
        os.close(descriptor)

    def ioctl(
        self, descriptor: int, request: int, argument: ctypes.Structure | ctypes.c_int
    ) -> None:
        """Control a device, starting again when a signal came between."""
        while True:
            try:
                fcntl.ioctl(descriptor, request, argument)
                return
            except InterruptedError:
                continue

    def map(self, descriptor: int, length: int, offset: int) -> Mapping:
        """Map device memory."""
        return mmap.mmap(descriptor, length, offset=offset)

    def wait(self, descriptor: int, timeout: float) -> bool:
        """Wait until there is something to read, or the device has failed."""
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(timeout * 1000))

    def monotonic(self) -> int:
        """Return the nanoseconds of the clock that devices stamp with."""
        return time.monotonic_ns()

    def time(self) -> int:
        """Return system time in nanoseconds."""
        return time.time_ns()


_REASONS = {
    errno.ENOENT: "is not there; plug it in, or see ls /dev/video*",
    errno.ENODEV: "was unplugged; plug it in again",
    errno.ENXIO: "was unplugged; plug it in again",
    errno.EIO: "does not answer; check its cable and power",
    errno.EACCES: "may not be opened; sudo usermod -aG video $USER, then log in again",
    errno.EBUSY: "is in use by another program (fuser -v {path}); end that first",
    errno.ENOTTY: "is no camera; see ls /dev/video*",
    errno.ENOSPC: "needs more USB bandwidth; use a lower rate or size, or another USB port",
}


def explain(path: str, error: OSError) -> str:
    """Return why a camera can't be used, and what to do."""
    reason = _REASONS.get(error.errno or 0, f"failed: {error.strerror}; check its cable and power")
    return f"the camera {path} {reason.format(path=path)}"
