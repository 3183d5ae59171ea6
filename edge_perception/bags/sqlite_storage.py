"""Files of rosbag2's older storage: a database of SQLite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
import sqlite3

from edge_perception.bags.record import BagError, Problems, Record, Topic


class SqliteFile:
    """A file .db3."""

    def __init__(self, path: Path, problems: Problems) -> None:
        """
        Open the file, which isn't changed.

        :raises BagError: if it is no database with messages.
        """
        self._path, self._problems = path, problems
        self._database = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True
        )
        self._database.text_factory = lambda text: text.decode(errors="replace")
        try:
            self._topics = self._read_topics()
        except sqlite3.Error as error:
            self._database.close()
            raise BagError(f"{path} is no bag that can be read: {error}") from error

    def _read_topics(self) -> dict[int, Topic]:
        tables = {name for (name,) in self._database.execute("SELECT name FROM sqlite_master")}
        if missing := {"topics", "messages"} - tables:
            raise sqlite3.DatabaseError(f"it has no table {', '.join(sorted(missing))}")
        texts = {}
        if "message_definitions" in tables:  # since Iron
            texts = dict(
                self._database.execute(
                    "SELECT topic_type, encoded_message_definition FROM message_definitions "
                    "WHERE encoding = 'ros2msg'"
                )
            )
        rows = self._database.execute("SELECT id, name, type, serialization_format FROM topics")
        return {
            number: Topic(str(name), str(kind), str(encoding), str(texts.get(kind, "")))
            for number, name, kind, encoding in rows
        }

    def topics(self) -> list[Topic]:
        """Return the topics."""
        return list(self._topics.values())

    def end(self) -> int:
        """Return when the last message was recorded [ns]."""
        try:
            [(end,)] = self._database.execute("SELECT MAX(timestamp) FROM messages")
        except sqlite3.Error:
            return 0
        return end if isinstance(end, int) else 0

    def facts(self) -> Mapping[str, str]:
        """Return nothing: such files say nothing of themselves."""
        return {}

    def records(self) -> Iterator[Record]:
        """Yield the messages in the order of their times."""
        try:
            for number, time, data in self._database.execute(
                "SELECT topic_id, timestamp, data FROM messages ORDER BY timestamp, id"
            ):
                topic = self._topics.get(number)
                if topic is None or not isinstance(time, int) or not isinstance(data, bytes):
                    self._problems.note(
                        "row", f"{self._path}: a message of topic {number} is damaged: left out"
                    )
                else:
                    yield Record(time, topic, data)
        except (sqlite3.Error, OverflowError, MemoryError) as error:
            self._problems.note(
                "end", f"{self._path} is damaged, and what follows is lost: {error}"
            )

    def close(self) -> None:
        """Close the file."""
        self._database.close()
