"""
Checking that a library is whole before the dynamic linker sees it.

The linker maps what the file's headers name without asking whether the file has it: a library
that was cut off ends the process with SIGBUS. Format: System V ABI, chapters 4 and 5.
"""

from __future__ import annotations

import os
import struct
import sys

_IS_64_BIT = sys.maxsize > 2**32
_IDENTITY = struct.Struct("<4sBB10x")  # magic, class, byte order
_EXPECTED = (b"\x7fELF", 2 if _IS_64_BIT else 1, 1)
_HEADER = struct.Struct("<16xQ14xHH" if _IS_64_BIT else "<12xI10xHH")
"""After the identity: e_phoff, e_phentsize, e_phnum."""
_SEGMENT = struct.Struct("<I4xQ16xQ16x" if _IS_64_BIT else "<II8xI12x")
"""p_type, p_offset, p_filesz."""
_PT_LOAD = 1


def find_damage(descriptor: int) -> str:
    """Return what keeps a file from being a whole library for this machine, "" if nothing does."""
    size = os.fstat(descriptor).st_size
    start = os.pread(descriptor, _IDENTITY.size + _HEADER.size, 0)
    if not start.startswith(_EXPECTED[0]):
        return "it is no library"
    if len(start) < _IDENTITY.size + _HEADER.size:
        return "it is cut off"
    if _IDENTITY.unpack_from(start) != _EXPECTED:
        return "it is for another kind of processor"
    table, segment_size, count = _HEADER.unpack_from(start, _IDENTITY.size)
    if segment_size != _SEGMENT.size or not count or table + count * segment_size > size:
        return "it is cut off or damaged"
    for kind, offset, length in _SEGMENT.iter_unpack(
        os.pread(descriptor, count * segment_size, table)
    ):
        if kind == _PT_LOAD and offset + length > size:
            return f"it is cut off: it has {size} bytes, its header asks for {offset + length}"
    return ""
