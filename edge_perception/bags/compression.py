"""Bags that rosbag2 compressed by Zstandard: whole files, or each message."""

from __future__ import annotations

from pathlib import Path
import shutil
import tempfile

import zstandard

from edge_perception.bags.record import BagError, Problems, Record

SUFFIX = ".zstd"
_MAGIC = b"\x28\xb5\x2f\xfd"
_LARGEST = 1 << 28
"""Bytes of a message."""
_PIECE = 1 << 20


def unpack_file(path: Path, problems: Problems) -> Path:
    """
    Unpack a file into a temporary one, as far as it is whole; the caller removes it.

    :raises BagError: if there is no room for it.
    """
    with tempfile.NamedTemporaryFile(
        prefix="bag-", suffix=Path(path.stem).suffix, delete=False
    ) as target:
        room = shutil.disk_usage(target.name).free // 2
        written = 0
        try:
            with path.open("rb") as source:
                reader = zstandard.ZstdDecompressor().stream_reader(
                    source, read_across_frames=True
                )
                while piece := reader.read(_PIECE):
                    written += target.write(piece)
                    if written > room:
                        raise OSError(0, f"unpacked it takes more than {room} bytes")
        except zstandard.ZstdError:
            problems.note("zstd", f"{path} is damaged after {written} unpacked bytes")
        except OSError as error:
            Path(target.name).unlink()
            raise BagError(f"{path} can't be unpacked: {error.strerror}; set TMPDIR") from error
    return Path(target.name)


def unpack_message(record: Record, problems: Problems) -> Record | None:
    """Return a message as it was sent; None if it is damaged. CDR never begins as Zstandard."""
    if not record.data.startswith(_MAGIC):
        return record
    try:
        size = zstandard.frame_content_size(record.data)
        if size > _LARGEST:
            raise zstandard.ZstdError("too large")
        unpacked = zstandard.ZstdDecompressor().decompress(record.data, _LARGEST)
    except (zstandard.ZstdError, MemoryError):
        problems.note("message", f"a compressed message of {record.topic.name} is damaged")
        return None
    return record._replace(data=unpacked)
