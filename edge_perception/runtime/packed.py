"""
A bundle in one file: a zip archive whose entries are stored, so that they are read in place.

There is one way only to write the same entries in the same order, and archives that are written
otherwise are refused: no changed byte goes unnoticed. Entries have no time and no owner.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
import io
import os
from pathlib import Path
import struct
from typing import BinaryIO
import zlib

from edge_perception.runtime.errors import BundleError
from edge_perception.runtime.files import Files, open_plain

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK = b"PK\3\4", b"PK\1\2", b"PK\5\6"
_VERSION, _UNIX, _UTF8, _STORED = 20, 3 << 8, 1 << 11, 0
_1980 = (0, 1 << 5 | 1)  # 00:00 on 1 January, the first that the format knows
_PLAIN_FILE = 0o100644 << 16
_MOST_BYTES, _MOST_ENTRIES = 2**32 - 1, 2**16 - 1  # that need no Zip64
_UNPACKED = "unpack it with unzip and pack it again with edgec pack"


@dataclass(frozen=True)
class _Entry:
    name: bytes
    size: int
    crc: int
    offset: int
    """Of its header in the archive."""

    @property
    def begin(self) -> int:
        return self.offset + _LOCAL.size + len(self.name)

    @property
    def end(self) -> int:
        return self.begin + self.size

    def header(self) -> bytes:
        """Return what precedes the content. Format: PKWARE's APPNOTE, 4.3.7."""
        return _LOCAL.pack(_LOCAL_MARK, _VERSION, *self._common(), 0) + self.name

    def listed(self) -> bytes:
        """Return its place in the directory at the end. APPNOTE, 4.3.12."""
        made = _UNIX | _VERSION
        rest = (0, 0, 0, 0, _PLAIN_FILE, self.offset)
        return _CENTRAL.pack(_CENTRAL_MARK, made, _VERSION, *self._common(), *rest) + self.name

    def _common(self) -> tuple[int, ...]:
        return (_UTF8, _STORED, *_1980, self.crc, self.size, self.size, len(self.name))


class Packed(Files):
    """The archive of a bundle, open."""

    def __init__(self, path: str | Path) -> None:
        """
        Open an archive.

        :raises BundleError: if it is none that `write_packed` has written.
        :raises OSError: if it can't be read.
        """
        self.path = Path(path)
        with open_plain(self.path, path) as file:
            self._descriptor = os.dup(file.fileno())
        try:
            self._entries = {entry.name.decode(): entry for entry in self._read()}
        except BaseException:
            os.close(self._descriptor)
            raise

    def open(self, name: str) -> BinaryIO:
        """Open an entry; see `Files`."""
        if name not in self._entries:
            raise FileNotFoundError(2, "it is not in the archive", name)
        return io.BufferedReader(_Part(self._descriptor, self._entries[name]))

    def names(self) -> set[str]:
        """Return the names of all entries."""
        return set(self._entries)

    def _read(self) -> list[_Entry]:
        """Read all headers, and compare them with those that would be written."""
        entries: list[_Entry] = []
        names: set[bytes] = set()
        offset = 0
        while (header := os.pread(self._descriptor, _LOCAL.size, offset))[:4] == _LOCAL_MARK:
            entry = self._entry(header, offset)
            if entry.name in names or len(entries) == _MOST_ENTRIES:
                raise self._refusal(f"byte {offset}")
            names.add(entry.name)
            entries.append(entry)
            offset = entry.end
        if not entries and not header.startswith(b"PK"):
            raise BundleError(
                f"{self.path} is no bundle: expected the folder NAME.edge that edgec compile has "
                "written, or the file of edgec pack"
            )
        end = _directory(entries, offset)
        if not entries or os.pread(self._descriptor, len(end) + 1, offset) != end:
            raise self._refusal(f"its directory at byte {offset}")
        return entries

    def _entry(self, header: bytes, offset: int) -> _Entry:
        """Read one header."""
        if len(header) == _LOCAL.size:
            *_, crc, size, _, length, _ = _LOCAL.unpack(header)
            name = os.pread(self._descriptor, length, offset + _LOCAL.size)
            entry = _Entry(name, size, crc, offset)
            if header + name == entry.header() and _is_text(name) and entry.end <= _MOST_BYTES:
                return entry
        raise self._refusal(f"byte {offset}")

    def _refusal(self, where: str) -> BundleError:
        return BundleError(
            f"{self.path} is damaged, or no archive that edgec pack has written: {where} is not "
            f"as expected; copy it again, or {_UNPACKED}"
        )


class _Part(io.RawIOBase):
    """An entry's content, read from where it lies."""

    def __init__(self, descriptor: int, entry: _Entry) -> None:
        self._descriptor = os.dup(descriptor)
        self._entry = entry
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._entry.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        most = max(0, min(len(buffer), self._entry.size - self._at))
        count = os.preadv(self._descriptor, [buffer[:most]], self._entry.begin + self._at)
        self._at += count
        return count

    def close(self) -> None:
        if not self.closed:
            os.close(self._descriptor)
        super().close()


def write_packed(out: BinaryIO, contents: Iterable[tuple[str, Iterable[bytes]]]) -> None:
    """
    Write an archive.

    :param out: a file, empty and open for writing.
    :param contents: names, and what the files hold, piece by piece.
    :raises BundleError: if it would be larger than such archives can be.
    """
    entries: list[_Entry] = []
    offset = 0
    for name, blocks in contents:
        entry = _Entry(name.encode(), 0, 0, offset)
        out.seek(entry.begin)
        size = crc = 0
        for block in blocks:
            out.write(block)
            size, crc = size + len(block), zlib.crc32(block, crc)
            if entry.begin + size > _MOST_BYTES:
                raise BundleError(
                    f"a packed bundle has at most {_MOST_BYTES} bytes, this one would have more; "
                    "leave it a folder"
                )
        entry = _Entry(entry.name, size, crc, offset)
        out.seek(offset)
        out.write(entry.header())
        out.seek(entry.end)
        entries.append(entry)
        offset = entry.end
    out.write(_directory(entries, offset))


def _directory(entries: list[_Entry], offset: int) -> bytes:
    """Return what follows the last entry. APPNOTE, 4.3.12 and 4.3.16."""
    listed = b"".join(entry.listed() for entry in entries)
    count = len(entries)
    return listed + _END.pack(_END_MARK, 0, 0, count, count, len(listed), offset, 0)


def _is_text(name: bytes) -> bool:
    try:
        return name.decode().isprintable()
    except UnicodeDecodeError:
        return False
