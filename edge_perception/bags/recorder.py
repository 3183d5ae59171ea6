"""A recording: a folder of files as rosbag2 reads it, that never fills the disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
import shutil

import yaml

from edge_perception.bags.bag import METADATA
from edge_perception.bags.record import BagError, Topic
from edge_perception.bags.writer import BagWriter
from edge_perception.core.stamps import SECOND

RESERVE = 1_000_000_000
"""Bytes of the disk that a recording leaves free."""
_PARTS = 8
"""Of a ring: when it is full, one of so many is removed."""
_USUAL_PART = 500_000_000  # bytes
_LOOK = 256  # messages between two looks at the disk,
_LOOK_SIZE = RESERVE // 10  # or as many bytes


@dataclass(frozen=True)
class Limits:
    """
    How much is recorded.

    :ivar size: bytes; 0: as much as the disk has, but for a reserve.
    :ivar seconds: 0: for ever.
    :ivar ring: go on at these limits, without the oldest.
    """

    size: int = 0
    seconds: float = 0.0
    ring: bool = False


@dataclass
class _Part:
    """A file of the recording."""

    path: Path
    writer: BagWriter
    begin: int
    end: int = 0
    size: int = 0
    counts: dict[str, int] = field(default_factory=dict)


class Recorder:
    """
    Writes messages into a folder.

    :ivar full: why no more is recorded; empty: it goes on.
    """

    def __init__(self, folder: Path, limits: Limits, facts: Mapping[str, str]) -> None:
        """
        Begin.

        :param facts: what the bag says of itself.
        :raises BagError: if there is such a folder, it can't be made, or the disk is full.
        """
        self.full = ""
        self._folder, self._limits, self._facts = folder, limits, facts
        self._topics: dict[str, Topic] = {}
        self._parts: list[_Part] = []
        self._made = 0
        self._since_look = self._size_since_look = 0
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise BagError(f"{folder} can't be made: {error.strerror}") from error
        if full := self._full_disk():
            folder.rmdir()
            raise BagError(f"{folder}: {full}: make room, or record to another disk")

    @property
    def size(self) -> int:
        """Return the bytes of all messages that are kept."""
        return sum(part.size for part in self._parts)

    @property
    def seconds(self) -> float:
        """Return the time between the first message that is kept and the last."""
        return (self._parts[-1].end - self._parts[0].begin) / SECOND if self._parts else 0.0

    def write(self, time: int, topic: Topic, data: bytes) -> None:
        """
        Record a message, unless it is full.

        :param time: when it came [ns].
        :raises BagError: if it can't be written.
        """
        if self.full:
            return
        part = self._part(time)
        self._topics[topic.name] = topic
        part.writer.write(time, topic, data)
        part.counts[topic.name] = part.counts.get(topic.name, 0) + 1
        part.end = max(part.end, time)
        part.size += len(data)
        self._since_look += 1
        self._size_since_look += len(data)
        self._check()

    def close(self) -> None:
        """
        End the last file and write the metadata; leave no folder if nothing came.

        :raises BagError: if the disk is full; what was written until then can be read.
        """
        if not self._parts:
            self._folder.rmdir()
            return
        try:
            self._parts[-1].writer.close()
        except BagError:
            self._parts[-1].writer.break_off()
            raise
        metadata = self._folder / METADATA
        try:
            text = yaml.safe_dump(self._metadata(), sort_keys=False)
            metadata.write_text(text, encoding="utf-8")
        except OSError as error:
            metadata.unlink(missing_ok=True)
            raise BagError(f"{metadata} can't be written: {error.strerror}") from error

    def _part(self, time: int) -> _Part:
        """Return the file for a message, a new one if the last is large or long enough."""
        limits = self._limits
        last = self._parts[-1] if self._parts else None
        if last is not None:
            size = limits.size // _PARTS if limits.ring and limits.size else _USUAL_PART
            long = limits.seconds / _PARTS if limits.ring and limits.seconds else 0.0
            if last.size < size and not (long and time - last.begin > long * SECOND):
                return last
            last.writer.close()
        path = self._folder / f"{self._folder.name}_{self._made}.mcap"
        self._made += 1
        self._parts.append(_Part(path, BagWriter(path, self._facts), time, time))
        return self._parts[-1]

    def _check(self) -> None:
        """Note that it is full, or remove the oldest file of a ring."""
        limits = self._limits
        large = bool(limits.size) and self.size > limits.size
        long = bool(limits.seconds) and self.seconds > limits.seconds
        if limits.ring and (large or long) and len(self._parts) > 1:
            self._parts.pop(0).path.unlink()
        elif not limits.ring and (large or long):
            self.full = f"{'--max-size' if large else '--max-duration'} is reached"
        if self._since_look > _LOOK or self._size_since_look > _LOOK_SIZE:
            self._since_look = self._size_since_look = 0
            self.full = self.full or self._full_disk()

    def _full_disk(self) -> str:
        """Return why nothing may be written to the disk, if so."""
        if shutil.disk_usage(self._folder).free >= RESERVE:
            return ""
        return f"less than {RESERVE / 1e9:.0f} GB of the disk are free"

    def _metadata(self) -> dict[str, object]:
        """Return what rosbag2 wants to know of the folder (version 9)."""
        counts = {
            name: sum(part.counts.get(name, 0) for part in self._parts) for name in self._topics
        }
        begin = self._parts[0].begin if self._parts else 0
        end = max((part.end for part in self._parts), default=0)
        return {
            "rosbag2_bagfile_information": {
                "version": 9,
                "storage_identifier": "mcap",
                **_span(begin, end),
                "message_count": sum(counts.values()),
                "topics_with_message_count": [
                    {
                        "topic_metadata": {
                            "name": topic.name,
                            "type": topic.type,
                            "serialization_format": topic.encoding,
                            "offered_qos_profiles": [],
                            "type_description_hash": "",
                        },
                        "message_count": counts[topic.name],
                    }
                    for topic in self._topics.values()
                ],
                "compression_format": "",
                "compression_mode": "",
                "relative_file_paths": [part.path.name for part in self._parts],
                "files": [
                    {
                        "path": part.path.name,
                        **_span(part.begin, part.end),
                        "message_count": sum(part.counts.values()),
                    }
                    for part in self._parts
                ],
                "custom_data": dict(self._facts),
                "ros_distro": "rosbags",
            }
        }


def _span(begin: int, end: int) -> dict[str, object]:
    return {
        "starting_time": {"nanoseconds_since_epoch": begin},
        "duration": {"nanoseconds": end - begin},
    }
