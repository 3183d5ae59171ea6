"""A bag: a file, or the folder of files in which rosbag2 keeps one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
import re

from edge_perception.bags import compression
from edge_perception.bags.definitions import difference
from edge_perception.bags.mcap_storage import McapFile
from edge_perception.bags.order import in_order
from edge_perception.bags.record import BagError, Problems, Record, Storage, Topic
from edge_perception.bags.sqlite_storage import SqliteFile
from edge_perception.bags.stamp_time import at_stamps
from edge_perception.core.located_yaml import read
from edge_perception.core.whole_file import FileError
from edge_perception.files import read_file

METADATA = "metadata.yaml"
_STORAGES: dict[str, Callable[[Path, Problems], Storage]] = {
    ".mcap": McapFile,
    ".db3": SqliteFile,
}
_CDR = "cdr"
_ROS_1 = b"#ROSBAG V"
"""How bags of ROS 1 begin."""


class Bag:
    """
    A bag that is read from its begin to its end, whatever state it is in.

    What can't be used of it is noted and left out: damaged parts, messages of types that are
    defined otherwise here, messages of a time that can't be.

    :ivar path: of the file or folder.
    :ivar files: in the order of time.
    :ivar problems: what was found wrong so far.
    :ivar timed_by: the topic whose stamps are the time; empty: that is when it was recorded.
    """

    timed_by = ""

    def __init__(self, path: Path) -> None:
        """
        Find the files of a bag.

        :raises BagError: if there is none.
        """
        self.path = path
        self.problems = Problems()
        self.files = [path] if path.is_file() else self._files()
        for file in self.files:
            if _kind(file) in _STORAGES:
                continue
            if _is_of_ros_1(file):
                raise BagError(
                    f"{file} is a bag of ROS 1: rosbags-convert --src {file} --dst FOLDER, "
                    "of pip install rosbags, makes one of ROS 2 of it"
                )
            raise BagError(f"{file} is no bag: expected a file {_forms()} or a folder of them")

    @property
    def remark(self) -> str:
        """Return what others may miss of a bag that is whole, in a sentence; empty: nothing."""
        if not self.path.is_dir() or (self.path / METADATA).exists():
            return ""
        return f"{METADATA} is missing, which ros2 bag play needs: ros2 bag reindex makes it"

    def topics(self) -> list[Topic]:
        """
        Return the topics, those that can't be used, too; each once.

        :raises BagError: if a file can't be read at all.
        """
        found: dict[str, Topic] = {}
        with ExitStack() as opened:
            for file in self.files:
                for topic in self._open(file, opened).topics():
                    found.setdefault(topic.name, topic)
        return list(found.values())

    def end(self) -> int:
        """Return when the last message comes [ns], as the files say; 0: they don't."""
        if self.timed_by:
            return 0
        with ExitStack() as opened:
            try:
                return max(self._open(file, opened).end() for file in self.files)
            except BagError:
                return 0

    def facts(self) -> dict[str, str]:
        """
        Return what the bag says of itself.

        :raises BagError: if a file can't be read at all.
        """
        facts: dict[str, str] = {}
        with ExitStack() as opened:
            for file in self.files:
                facts.update(self._open(file, opened).facts())
        return facts

    def records(self) -> Iterator[Record]:
        """Yield the messages that can be used, by their times."""
        records = in_order(self._usable(), self.problems)
        return at_stamps(records, self.timed_by) if self.timed_by else records

    def raw(self) -> Iterator[Record]:
        """Yield all messages that are whole, of whatever type, as they lie in the files."""
        for file in self.files:
            with ExitStack() as opened:
                try:
                    storage = self._open(file, opened)
                except BagError as error:
                    if len(self.files) == 1:
                        raise
                    self.problems.note(f"file {file}", str(error))
                    continue
                for record in storage.records():
                    whole = compression.unpack_message(record, self.problems)
                    if whole is not None:
                        yield whole

    def _usable(self) -> Iterator[Record]:
        for record in self.raw():
            topic = record.topic
            fault = (
                difference(topic.type, topic.definition)
                if topic.encoding == _CDR
                else f"its encoding is {topic.encoding!r}, expected {_CDR!r}"
            )
            if fault:
                self.problems.note(
                    f"topic {topic.name}", f"{topic.name} ({topic.type}) is left out: {fault}"
                )
            else:
                yield record

    def _files(self) -> list[Path]:
        """Return the files of a folder, in the order of time."""
        if not self.path.is_dir():
            raise BagError(f"{self.path} is no bag: there is no such file or folder")
        found = sorted(
            (file for file in self.path.iterdir() if _kind(file) in _STORAGES), key=_natural
        )
        for name in self._named():
            file = self.path / Path(name).name
            if file not in found and file.with_name(file.name + compression.SUFFIX) not in found:
                self.problems.note(
                    f"file {name}", f"{file} is missing, which {METADATA} says is part of the bag"
                )
        if not found:
            raise BagError(f"{self.path} holds no file {_forms()}, so it is no bag")
        return found

    def _named(self) -> list[str]:
        """Return the files that the metadata name; nothing depends on these."""
        file = self.path / METADATA
        if not file.exists():
            return []
        try:
            top = read(file, read_file).mapping()["rosbag2_bagfile_information"].mapping()
            return [one.text() for one in top["relative_file_paths"].sequence()]
        except (FileError, KeyError) as error:
            self.problems.note("metadata", f"{METADATA} can't be used: {error}")
            return []

    def _open(self, file: Path, opened: ExitStack) -> Storage:
        """
        Open a file.

        :raises BagError: if it can't be read at all.
        """
        try:
            if file.suffix == compression.SUFFIX:
                file = compression.unpack_file(file, self.problems)
                opened.callback(file.unlink)
            storage = _STORAGES[_kind(file)](file, self.problems)
        except OSError as error:
            raise BagError(f"{file} can't be read: {error.strerror}") from error
        opened.callback(storage.close)
        return storage


def is_bag(path: Path) -> bool:
    """Tell whether a path looks like a bag: a file of one, or a folder with such files."""
    if path.is_dir():
        return any(_kind(file) in _STORAGES for file in path.iterdir())
    return _kind(path) in _STORAGES


def _kind(file: Path) -> str:
    """Return the suffix of a file without that of compression."""
    return Path(file.stem).suffix if file.suffix == compression.SUFFIX else file.suffix


def _is_of_ros_1(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(len(_ROS_1)) == _ROS_1
    except OSError:
        return False


def _natural(file: Path) -> list[str | int]:
    """Return what sorts bag_10.mcap after bag_9.mcap."""
    parts = re.split(r"(\d+)", file.name)
    return [int(part) if index % 2 else part for index, part in enumerate(parts)]


def _forms() -> str:
    return " or ".join(f"*{suffix}" for suffix in _STORAGES)
