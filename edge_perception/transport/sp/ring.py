"""
Large messages in shared memory, for readers on the same machine.

The writer has a ring of slots in a file without a name (memfd), which the kernel removes with the
last process that has it open, however that ends. A reader is told over a socket where a message
is, opens the file read-only through /proc, and copies the message. Nobody waits for anybody: a
slot carries the number of its message, and a reader that finds another number when it has copied
was too slow.
"""

from __future__ import annotations

from contextlib import suppress
import fcntl
import mmap
import os
from pathlib import Path
import secrets
import struct
import threading

from edge_perception.transport.sp.frames import LARGEST

SPARE = 2
"""Slots beyond those messages that may wait at a reader: so many are written while it copies."""
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
_PAGE = mmap.PAGESIZE
_SLOT = struct.Struct("<16sQ")  # before each message: the token of the ring, the message's number
_REFERENCE = struct.Struct("<16siiQQQ")
"""What a reader is told: token, process, descriptor, message's number, slot's place, bytes."""


class RingError(Exception):
    """A reader is told of memory that isn't there, or isn't as it should be."""


class RingWriter:
    """Writes messages into slots, one after the other."""

    def __init__(self, waiting: int) -> None:
        """
        Take no memory until there is a message.

        :param waiting: messages that may wait at a reader
        """
        self._slots = waiting + SPARE
        self._room, self._count, self._file = 0, 0, -1
        self._map: mmap.mmap | None = None
        self._token = b""
        self._fence = threading.Lock()

    def write(self, data: bytes) -> bytes:
        """
        Write a message.

        :returns: what a reader is to be told
        """
        if self._map is None or len(data) > self._room:
            self._allocate(len(data))
        assert self._map is not None
        self._count += 1
        begin = self._count % self._slots * _stride(self._room)
        with self._fence:  # on processors that reorder: first the slot is no longer the old one
            _SLOT.pack_into(self._map, begin, self._token, self._count)
        self._map[begin + _SLOT.size : begin + _SLOT.size + len(data)] = data
        return _REFERENCE.pack(self._token, os.getpid(), self._file, self._count, begin, len(data))

    def close(self) -> None:
        """Give the memory back, as soon as no reader has it any more."""
        if self._map is not None:
            self._map.close()
            self._map = None
            os.close(self._file)

    def _allocate(self, size: int) -> None:
        """Make a ring for messages of a size; a file that readers have open isn't changed."""
        self.close()
        self._room = size
        self._token = secrets.token_bytes(16)
        total = self._slots * _stride(size)
        self._file = os.memfd_create("edge-robot", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self._file, total)
        fcntl.fcntl(self._file, fcntl.F_ADD_SEALS, _SEALS)
        self._map = mmap.mmap(self._file, total)


class RingReader:
    """
    Copies messages out of the rings of one writer.

    :ivar missed: messages that were overwritten before they were copied
    """

    def __init__(self) -> None:
        self.missed = 0
        self._map: mmap.mmap | None = None
        self._token = b""

    def read(self, reference: bytes) -> bytes | None:
        """
        Return a message; None if it has been overwritten.

        :raises RingError: if there is no such memory, or it is smaller than it is said to be
        """
        if len(reference) != _REFERENCE.size:
            raise RingError(f"expected {_REFERENCE.size} bytes, received {len(reference)}")
        token, process, file, number, begin, size = _REFERENCE.unpack(reference)
        if self._map is None or token != self._token:
            self._open(token, process, file)
        assert self._map is not None
        data = begin + _SLOT.size
        if size > LARGEST or data + size > len(self._map):
            raise RingError(f"{size} bytes at {begin} are not in the memory of {len(self._map)}")
        copied = self._map[data : data + size]
        if _SLOT.unpack_from(self._map, begin) != (token, number):
            self.missed += 1
            return None
        return copied

    def close(self) -> None:
        """Let go of the memory."""
        if self._map is not None:
            self._map.close()
            self._map = None

    def _open(self, token: bytes, process: int, file: int) -> None:
        self.close()
        path = f"/proc/{process}/fd/{file}"
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise RingError(f"{path}: {error.strerror}") from error
        try:
            if fcntl.fcntl(descriptor, fcntl.F_GET_SEALS) & _SEALS != _SEALS:
                raise RingError(f"{path} is memory that can be taken away while it is read")
            self._map = mmap.mmap(descriptor, 0, prot=mmap.PROT_READ)
        except (OSError, ValueError) as error:
            raise RingError(f"{path} is no memory of a ring: {error}") from error
        finally:
            os.close(descriptor)
        self._token = token


def can_read(process: int) -> bool:
    """Tell whether the memory of a process can be read: it is this user's, on this machine."""
    with suppress(OSError):
        return bool(list(Path(f"/proc/{process}/fd").iterdir()))
    return False


def _stride(size: int) -> int:
    """Return the distance of slots for messages of a size."""
    return -(-(_SLOT.size + size) // _PAGE) * _PAGE
