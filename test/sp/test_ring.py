"""Messages in shared memory: whole or not at all, whatever writer and reader do."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import struct
import subprocess
import sys
import threading

import pytest

from edge_perception.transport.sp.ring import can_read, RingError, RingReader, RingWriter

PATIENCE = 60.0


@pytest.fixture
def writer() -> Iterator[RingWriter]:
    writer = RingWriter(waiting=2)
    yield writer
    writer.close()


@pytest.fixture
def reader() -> Iterator[RingReader]:
    reader = RingReader()
    yield reader
    reader.close()


def test_messages_of_any_size_are_read(writer: RingWriter, reader: RingReader) -> None:
    for size in (0, 1, 5000, 4999, 1 << 20, 3):
        message = os.urandom(size)
        assert reader.read(writer.write(message)) == message
    assert reader.missed == 0


def test_what_was_overwritten_is_missed_and_not_mixed(
    writer: RingWriter, reader: RingReader
) -> None:
    old = writer.write(b"a" * 10000)
    for letter in b"bcdefgh":
        new = writer.write(bytes([letter]) * 10000)
    assert reader.read(old) is None
    assert reader.read(new) == b"h" * 10000
    assert reader.missed == 1


def test_a_reader_that_is_slow_never_gets_a_mixture(
    writer: RingWriter, reader: RingReader
) -> None:
    references: list[bytes] = [writer.write(bytes(200_000))]
    ended = threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            number = (number + 1) % 256
            references.append(writer.write(bytes([number]) * 200_000))

    thread = threading.Thread(target=write)
    thread.start()
    read = 0
    try:
        while read < 50:
            message = reader.read(references[-1])
            if message is not None:
                assert message.count(message[:1]) == len(message)
                read += 1
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize(
    ("field", "value"),
    [(1, 1 << 30), (2, 0), (2, 9999), (4, 1 << 40), (5, 1 << 40), (5, 1 << 25)],
)
def test_references_to_what_is_not_there(
    writer: RingWriter, reader: RingReader, field: int, value: int
) -> None:
    form = struct.Struct("<16siiQQQ")
    fields = list(form.unpack(writer.write(b"message")))
    fields[field] = value
    with pytest.raises(RingError):
        reader.read(form.pack(*fields))
    with pytest.raises(RingError):
        reader.read(b"short")


def test_memory_that_can_shrink_is_refused(reader: RingReader, tmp_path: Path) -> None:
    file = os.memfd_create("theirs", os.MFD_ALLOW_SEALING)
    os.ftruncate(file, 1 << 16)
    try:
        with pytest.raises(RingError, match="taken away"):
            reader.read(struct.pack("<16siiQQQ", bytes(16), os.getpid(), file, 1, 0, 10))
    finally:
        os.close(file)


def test_nothing_is_left_of_a_writer_that_was_killed(reader: RingReader) -> None:
    script = (
        "import sys, time\n"
        "from edge_perception.transport.sp.ring import RingWriter\n"
        "print(RingWriter(2).write(bytes(1 << 22)).hex(), flush=True)\n"
        "sys.stdin.read()\n"
    )
    before = set(Path("/dev/shm").iterdir())
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        reference = bytes.fromhex(process.stdout.readline())
        assert can_read(process.pid)
        assert reader.read(reference) == bytes(1 << 22)
        process.kill()
        process.wait(PATIENCE)
    assert not can_read(process.pid)
    assert reader.read(reference) == bytes(1 << 22)  # what a reader has, it keeps
    assert not [path for path in set(Path("/dev/shm").iterdir()) - before if "edge" in path.name]
    with pytest.raises(RingError):
        RingReader().read(reference)
