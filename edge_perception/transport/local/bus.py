"""The topics of one process: who publishes there and who reads, and who does in others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import threading
import time


@dataclass(frozen=True)
class End:
    """
    A reader or publisher of a topic.

    :ivar node: its fully qualified name.
    :ivar type: name of the message type.
    :ivar receive: a reader's; is given each serialised message, in the publisher's thread.
    :ivar latched: whether a publisher's newest message is for late readers, too.
    :ivar prompt: whether a reader wants messages at once, and not when it looks for them.
    :ivar service: as what a reader is offered, too; empty: it is none.
    :ivar serve: returns what a request is answered; None: that it came.
    :ivar process: the one it is in; empty: this one.
    :ivar expires: age in nanoseconds at which a message is too old for a reader; 0: none is.
    :ivar expire: is called in place of ``receive`` then.
    """

    node: str
    topic: str
    type: str
    receive: Callable[[bytes], None] = lambda data: None
    latched: bool = False
    prompt: bool = True
    service: str = ""
    process: str = ""
    expires: int = 0
    expire: Callable[[], None] = lambda: None
    serve: Callable[[bytes], bytes] | None = None


class Bus:
    """
    Brings serialised messages from publishers to readers of the same topic and type.

    :ivar changed: is called when an end comes or goes, in the thread in which it does.
    :ivar troubles: by topic, why publishers in other processes are not heard: a sentence.
    """

    def __init__(self) -> None:
        self.changed: Callable[[], None] = lambda: None
        self.troubles: Mapping[str, str] = {}
        self._readers: tuple[End, ...] = ()
        self._publishers: tuple[End, ...] = ()
        self._newest: dict[End, bytes] = {}  # of latched publishers
        self._lock = threading.Lock()

    def read(self, end: End) -> None:
        """Let a reader have what is published from now on, and what is latched."""
        with self._lock:
            self._readers = (*self._readers, end)
        self.repeat(end)
        self.changed()

    def advertise(self, end: End) -> None:
        """Let others see a publisher."""
        with self._lock:
            self._publishers = (*self._publishers, end)
        self.changed()

    def remove(self, end: End) -> None:
        """Take a reader or publisher away."""
        with self._lock:
            self._readers = tuple(one for one in self._readers if one is not end)
            self._publishers = tuple(one for one in self._publishers if one is not end)
            self._newest.pop(end, None)
        self.changed()

    def repeat(self, reader: End) -> None:
        """Give a reader once more what is latched; what expires was for those who were there."""
        if reader.expires:
            return
        with self._lock:
            latched = [
                data
                for publisher, data in self._newest.items()
                if (publisher.topic, publisher.type) == (reader.topic, reader.type)
                and not (publisher.process and reader.process)
            ]
        for data in latched:
            reader.receive(data)

    def publish(self, publisher: End, data: bytes, sent: int = 0) -> None:
        """
        Give a message to all readers; what comes from another process, to those of this one.

        :param sent: when it was published, in nanoseconds since 1970; 0: now.
        """
        with self._lock:
            if publisher.latched:
                self._newest[publisher] = data
            readers = self.readers(publisher.topic, publisher.type)
        for reader in readers:
            if publisher.process and reader.process:
                continue
            # from the future counts too: with another clock nobody knows how old it is
            if sent and reader.expires and abs(time.time_ns() - sent) > reader.expires:
                reader.expire()
            else:
                reader.receive(data)

    def readers(self, topic: str, type_: str) -> list[End]:
        """Return who reads messages of a type on a topic."""
        return [end for end in self._readers if (end.topic, end.type) == (topic, type_)]

    def publishers(self, topic: str = "") -> list[End]:
        """Return who publishes on a topic, or on any if it isn't given, whatever the type."""
        return [end for end in self._publishers if not topic or end.topic == topic]

    def own(self) -> tuple[list[End], list[End]]:
        """Return the publishers and the readers of this process."""
        return (
            [end for end in self._publishers if not end.process],
            [end for end in self._readers if not end.process],
        )
