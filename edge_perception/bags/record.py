"""What a bag holds, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class BagError(Exception):
    """A bag that can't be read or written at all: which, why, what to do, in one sentence."""


@dataclass(frozen=True)
class Topic:
    """
    A topic of a bag.

    :ivar type: of its messages, e.g. "sensor_msgs/msg/Image".
    :ivar encoding: of their bytes; "cdr" is what ROS 2 writes.
    :ivar definition: of the type as the bag holds it; empty if it doesn't.
    """

    name: str
    type: str
    encoding: str = "cdr"
    definition: str = ""


class Record(NamedTuple):
    """
    A message of a bag.

    :ivar time: when it was recorded [ns].
    :ivar data: its bytes.
    """

    time: int
    topic: Topic
    data: bytes


@dataclass
class Problems:
    """
    What is wrong with a bag: a sentence for each kind of fault, and how often it was met.

    :ivar sentences: the first of each kind, by kind.
    :ivar counts: how often, by kind.
    """

    sentences: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def note(self, kind: str, sentence: str) -> None:
        """Record a fault; of faults of one kind only the first is told, and their number."""
        self.sentences.setdefault(kind, sentence)
        self.counts[kind] = self.counts.get(kind, 0) + 1

    def __iter__(self) -> Iterator[str]:
        """Yield a sentence for each kind."""
        for kind, sentence in self.sentences.items():
            more = self.counts[kind] - 1
            yield f"{sentence} (and {more} more of the kind)" if more else sentence

    def __len__(self) -> int:
        """Return the number of kinds."""
        return len(self.sentences)


class Storage(Protocol):
    """A file of a bag; what is damaged in it is left out and noted as a problem."""

    def topics(self) -> Iterable[Topic]:
        """Return the topics, as far as they are known without reading everything."""

    def records(self) -> Iterator[Record]:
        """Yield the messages in the order in which they lie in the file."""

    def end(self) -> int:
        """Return when the last message was recorded [ns], as the file says; 0: it doesn't."""

    def facts(self) -> Mapping[str, str]:
        """Return what the file says of itself."""

    def close(self) -> None:
        """Give the file back."""
