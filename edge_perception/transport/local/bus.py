"""The topics of one process: who publishes there and who reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import threading


@dataclass(frozen=True)
class End:
    """
    A reader or publisher of a topic.

    :ivar node: its fully qualified name.
    :ivar type: name of the message type.
    :ivar receive: a reader's; is given each serialised message, in the publisher's thread.
    :ivar latched: whether a publisher's newest message is for late readers, too.
    """

    node: str
    topic: str
    type: str
    receive: Callable[[bytes], None] = lambda data: None
    latched: bool = False


class Bus:
    """Brings serialised messages from publishers to readers of the same topic and type."""

    def __init__(self) -> None:
        self._readers: tuple[End, ...] = ()
        self._publishers: tuple[End, ...] = ()
        self._newest: dict[End, bytes] = {}  # of latched publishers
        self._lock = threading.Lock()

    def read(self, end: End) -> None:
        """Let a reader have what is published from now on, and what is latched."""
        with self._lock:
            self._readers = (*self._readers, end)
            latched = [
                data
                for publisher, data in self._newest.items()
                if (publisher.topic, publisher.type) == (end.topic, end.type)
            ]
        for data in latched:
            end.receive(data)

    def advertise(self, end: End) -> None:
        """Let others see a publisher."""
        with self._lock:
            self._publishers = (*self._publishers, end)

    def remove(self, end: End) -> None:
        """Take a reader or publisher away."""
        with self._lock:
            self._readers = tuple(one for one in self._readers if one is not end)
            self._publishers = tuple(one for one in self._publishers if one is not end)
            self._newest.pop(end, None)

    def publish(self, publisher: End, data: bytes) -> None:
        """Give a message to all readers."""
        with self._lock:
            if publisher.latched:
                self._newest[publisher] = data
            readers = self.readers(publisher.topic, publisher.type)
        for reader in readers:
            reader.receive(data)

    def readers(self, topic: str, type_: str) -> list[End]:
        """Return who reads messages of a type on a topic."""
        return [end for end in self._readers if (end.topic, end.type) == (topic, type_)]

    def publishers(self, topic: str = "") -> list[End]:
        """Return who publishes on a topic, or on any if it isn't given, whatever the type."""
        return [end for end in self._publishers if not topic or end.topic == topic]
