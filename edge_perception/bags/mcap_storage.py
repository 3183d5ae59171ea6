"""
Files of MCAP, also those that were cut off or damaged.

Records are parsed by the library ``mcap``; their frames are read here, so that no length of a
damaged file is believed: a chunk that is broken is left out, and what follows it is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
import struct
from typing import BinaryIO, NamedTuple, TypeVar
import zlib

import lz4.frame
from mcap.data_stream import ReadDataStream
from mcap.exceptions import EndOfFile
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, Footer, McapRecord, Metadata, Schema, Statistics
import zstandard

from edge_perception.bags.record import BagError, Problems, Record, Topic

MAGIC = b"\x89MCAP0\r\n"
_FRAME = struct.Struct("<BQ")  # opcode, length
_MESSAGE = struct.Struct("<HIQQ")  # channel, sequence, log time, publish time
_FOOTER = 20  # bytes
_LARGEST = 1 << 30
"""Bytes that a record, or a chunk when it is unpacked, may have at most."""
_MALFORMED = (EndOfFile, struct.error, UnicodeDecodeError, ValueError)

_R = TypeVar("_R", bound=McapRecord)


class _Frame(NamedTuple):
    """A record that isn't parsed yet, where it begins, and whether its end is missing."""

    opcode: int
    content: bytes
    place: int
    is_cut: bool = False


class McapFile:
    """A file of MCAP."""

    def __init__(self, path: Path, problems: Problems) -> None:
        """
        Open the file.

        :raises BagError: if it is none of MCAP.
        """
        self._path, self._problems = path, problems
        self._schemas: dict[int, Schema] = {}
        self._channels: dict[int, Topic] = {}
        self._file: BinaryIO = path.open("rb")
        self._size = path.stat().st_size
        if self._file.read(len(MAGIC)) != MAGIC:
            self._file.close()
            raise BagError(f"{path} is no file of MCAP: its first bytes are others")

    def topics(self) -> list[Topic]:
        """Return the topics that the file's summary names; without one, those of its begin."""
        for frame in self._summary():
            if frame.opcode in (Opcode.SCHEMA, Opcode.CHANNEL):
                self._learn(frame)
        if not self._channels:
            for _ in zip(self.records(quiet=True), range(1000), strict=False):
                pass
        return list(self._channels.values())

    def end(self) -> int:
        """Return when the last message was recorded [ns]; 0: there is no summary that says it."""
        for frame in self._summary():
            if frame.opcode == Opcode.STATISTICS:
                statistics = _parsed(Statistics, frame.content)
                return statistics.message_end_time if statistics else 0
        return 0

    def facts(self) -> Mapping[str, str]:
        """Return the metadata before the first message."""
        self._file.seek(len(MAGIC))
        facts: dict[str, str] = {}
        for frame in self._frames(quiet=True):
            if frame.opcode == Opcode.METADATA:
                metadata = _parsed(Metadata, frame.content)
                facts.update(metadata.metadata if metadata else {})
            elif frame.opcode != Opcode.HEADER:
                break
        return facts

    def records(self, quiet: bool = False) -> Iterator[Record]:
        """Yield the messages in the order in which they lie in the file."""
        problems = Problems() if quiet else self._problems
        self._file.seek(len(MAGIC))
        ended = False
        for frame in self._frames(quiet):
            if frame.opcode == Opcode.CHUNK:
                yield from self._chunk(frame, problems)
            elif frame.opcode in (Opcode.DATA_END, Opcode.FOOTER):
                ended = True
                break
            else:
                yield from self._record(frame, problems)
        if not ended:
            problems.note("end", f"{self._path} has no end: it was cut off, or is damaged")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _frames(self, quiet: bool) -> Iterator[_Frame]:
        """Yield what lies in the file from here on, as far as it is whole."""
        problems = Problems() if quiet else self._problems
        while True:
            place = self._file.tell()
            head = self._file.read(_FRAME.size)
            if len(head) < _FRAME.size:
                return
            opcode, length = _FRAME.unpack(head)
            if length > self._size - self._file.tell():
                lost = self._size - place
                problems.note(
                    "cut", f"{self._path} ends within a record, of which {lost} bytes are left"
                )
                if opcode == Opcode.CHUNK and lost < _LARGEST:
                    yield _Frame(opcode, self._file.read(), place, is_cut=True)
                return
            if length > _LARGEST or not opcode:
                problems.note(
                    "frame",
                    f"{self._path} is damaged at byte {place}: what follows can't be told apart",
                )
                return
            yield _Frame(opcode, self._file.read(length), place)

    def _summary(self) -> Iterator[_Frame]:
        """Yield the records of the summary, if there is one."""
        place = self._size - len(MAGIC) - _FRAME.size - _FOOTER
        if place < len(MAGIC):
            return
        self._file.seek(place)
        opcode, size = _FRAME.unpack(self._file.read(_FRAME.size))
        if opcode != Opcode.FOOTER or size != _FOOTER:
            return
        footer = _parsed(Footer, self._file.read(size))
        if footer and len(MAGIC) < footer.summary_start < place:
            self._file.seek(footer.summary_start)
            yield from self._frames(quiet=True)

    def _chunk(self, frame: _Frame, problems: Problems) -> Iterator[Record]:
        """Yield the messages of a chunk."""
        data = _unpacked(frame)
        if data is None:
            problems.note(
                "chunk",
                f"{self._path}: the chunk of {len(frame.content)} bytes at byte {frame.place} is "
                "damaged, so its messages are left out",
            )
            return
        begin = 0
        while begin + _FRAME.size <= len(data):
            opcode, length = _FRAME.unpack_from(data, begin)
            begin += _FRAME.size
            if length > len(data) - begin:
                break
            inner = _Frame(opcode, data[begin : begin + length], frame.place)
            yield from self._record(inner, problems)
            begin += length

    def _record(self, frame: _Frame, problems: Problems) -> Iterator[Record]:
        if frame.opcode in (Opcode.SCHEMA, Opcode.CHANNEL):
            if not self._learn(frame):
                problems.note(
                    "record", f"{self._path}: a record at byte {frame.place} is damaged: left out"
                )
        elif frame.opcode == Opcode.MESSAGE:
            if len(frame.content) < _MESSAGE.size:
                problems.note("message", f"{self._path}: a message at byte {frame.place} is empty")
                return
            channel, _, time, _ = _MESSAGE.unpack_from(frame.content)
            topic = self._channels.get(channel)
            if topic is None:
                problems.note(
                    "channel",
                    f"{self._path}: a message at byte {frame.place} is of channel {channel}, of "
                    "which the file says nothing: left out",
                )
                return
            yield Record(time, topic, frame.content[_MESSAGE.size :])

    def _learn(self, frame: _Frame) -> bool:
        """Take what a record says of the messages; return whether it could be read."""
        if frame.opcode == Opcode.SCHEMA:
            schema = _parsed(Schema, frame.content)
            if schema:
                self._schemas[schema.id] = schema
            return schema is not None
        channel = _parsed(Channel, frame.content)
        if channel is None or (channel.schema_id and channel.schema_id not in self._schemas):
            return False
        if channel.id not in self._channels:
            known = self._schemas.get(channel.schema_id)
            text = known.data.decode(errors="replace") if known else ""
            self._channels[channel.id] = Topic(
                channel.topic,
                known.name if known else "",
                channel.message_encoding,
                text if known and known.encoding == "ros2msg" else "",
            )
        return True


def _parsed(kind: type[_R], content: bytes) -> _R | None:
    """Return a record; None if it can't be one."""
    try:
        return kind.read(ReadDataStream(BytesIO(content)))  # type: ignore[no-any-return]
    except _MALFORMED:
        return None


def _unpacked(frame: _Frame) -> bytes | None:
    """Return the records of a chunk, those that are there of one that was cut; None: damaged."""
    chunk = _parsed(Chunk, frame.content)
    if chunk is None or chunk.uncompressed_size > _LARGEST:
        return None
    try:
        if chunk.compression == "zstd":
            unpack = zstandard.ZstdDecompressor().stream_reader(chunk.data)
            data = unpack.read(chunk.uncompressed_size)
        elif chunk.compression == "lz4":
            data = lz4.frame.LZ4FrameDecompressor().decompress(chunk.data, chunk.uncompressed_size)
        elif not chunk.compression:
            data = chunk.data
        else:
            return None
    except (zstandard.ZstdError, RuntimeError, EOFError, MemoryError):
        return None
    if frame.is_cut:
        return bytes(data)
    is_whole = len(data) == chunk.uncompressed_size
    is_right = not chunk.uncompressed_crc or zlib.crc32(data) == chunk.uncompressed_crc
    return bytes(data) if is_whole and is_right else None
