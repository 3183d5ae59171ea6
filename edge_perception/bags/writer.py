"""Writing bags: one file of MCAP, as rosbag2 reads it."""

from __future__ import annotations

from collections.abc import Mapping
import contextlib
from pathlib import Path

from mcap.writer import CompressionType, Writer

from edge_perception.bags import definitions
from edge_perception.bags.record import BagError, Topic

FACTS = "edge_perception"
"""The name of the record of metadata that says where a bag comes from."""


class BagWriter:
    """
    A bag that is being written; the file takes its name when it is closed.

    As a context it is closed at the end, and nothing is left of it after an exception.
    """

    def __init__(self, path: Path, facts: Mapping[str, str]) -> None:
        """
        Begin the file.

        :param facts: what it says of itself.
        :raises BagError: if it can't be written.
        """
        self._path, self._part = path, path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("wb")
        except OSError as error:
            raise BagError(f"{path} can't be written: {error.strerror}") from error
        self._writer = Writer(self._file, compression=CompressionType.ZSTD)
        self._writer.start(profile="ros2", library="edge_perception")
        self._writer.add_metadata(FACTS, dict(facts))
        self._schemas: dict[str, int] = {}
        self._channels: dict[str, int] = {}

    def __enter__(self) -> BagWriter:
        """Return this."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """
        End the file, or remove what was written.

        :raises BagError: if the disk is full.
        """
        try:
            if kind is None:
                self.close()
        finally:
            self._discard()

    @property
    def size(self) -> int:
        """Return the bytes that were written; those of the last chunk are still to come."""
        return self._file.tell()

    def write(self, time: int, topic: Topic, data: bytes) -> None:
        """
        Add a message.

        :param time: when it was recorded [ns].
        :raises BagError: if the disk is full.
        """
        try:
            channel = self._channels.get(topic.name)
            if channel is None:
                channel = self._channels[topic.name] = self._announce(topic)
            self._writer.add_message(channel, time, data, time)
        except OSError as error:
            raise BagError(f"{self._path} can't be written: {error.strerror}") from error

    def close(self) -> None:
        """
        End the file and give it its name.

        :raises BagError: if the disk is full.
        """
        try:
            self._writer.finish()
            self._file.close()
            self._part.replace(self._path)
        except OSError as error:
            raise BagError(f"{self._path} can't be written: {error.strerror}") from error

    def break_off(self) -> None:
        """
        Give the file its name as far as it is written, for those who read bags that were cut off.

        :raises BagError: if the folder can't be written.
        """
        with contextlib.suppress(OSError):  # what is still to be written finds no place
            self._file.close()
        try:
            self._part.replace(self._path)
        except OSError as error:
            raise BagError(f"{self._path} can't be written: {error.strerror}") from error

    def _discard(self) -> None:
        """Remove what has not been given its name."""
        with contextlib.suppress(OSError):  # the disk is full for what is still to be written, too
            self._file.close()
        self._part.unlink(missing_ok=True)

    def _announce(self, topic: Topic) -> int:
        """Write what the bag says of a topic; return the number of its channel."""
        if topic.type not in self._schemas:
            text = topic.definition or definitions.text(topic.type)
            self._schemas[topic.type] = self._writer.register_schema(
                topic.type, "ros2msg", text.encode()
            )
        return int(
            self._writer.register_channel(topic.name, topic.encoding, self._schemas[topic.type])
        )
