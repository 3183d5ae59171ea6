"""The other processes: those of this machine and those that were named, as they announce it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
import os
import time

from edge_perception import messages
from edge_perception.messages.definition import MessageError
from edge_perception.messages.types import String
from edge_perception.transport.sp import address as addresses
from edge_perception.transport.sp import announcement as announcements
from edge_perception.transport.sp import frames, registry
from edge_perception.transport.sp.address import Address, AddressError, Identity
from edge_perception.transport.sp.announcement import Announcement, AnnouncementError
from edge_perception.transport.sp.registry import Record
from edge_perception.transport.sp.sockets import Sockets

SILENCE = 1.5  # seconds without an announcement after which something is wrong
_DEPTH = 8


class Peer:
    """
    Another process.

    :ivar said: what it last said of itself; None: nothing yet
    :ivar process: a descriptor of a process of this machine, readable when it has ended; -1: none
    """

    def __init__(
        self, sockets: Sockets, home: Address, identity: Identity | None, record: Record | None
    ) -> None:
        """
        Listen to its announcements.

        :param record: of a process of this machine
        """
        self.home, self.record = home, record
        self.said: Announcement | None = None
        self._heard = time.monotonic()
        self._frame = b""
        self.process = _watched(record)
        prefix = frames.subscription(announcements.TOPIC)
        self._subscriber = sockets.subscriber(home, identity, prefix, _DEPTH)

    @property
    def name(self) -> str:
        """Return the name of its process, or where it is."""
        return self.said.process if self.said else str(self.home)

    def fileno(self) -> int:
        """Return a file descriptor that can be read when it has announced something."""
        return self._subscriber.fileno()

    def hear(self) -> bool:
        """Take what it has announced; return whether it is something new."""
        news = False
        while (frame := self._subscriber.receive()) is not None:
            self._heard = time.monotonic()
            if frame == self._frame:
                continue
            try:
                text = messages.deserialize(frames.parse(frame).data, String).data
                said = announcements.read(text)
                self.said = said if self.record else announcements.seen_from(self.home, said)
                self._frame, news = frame, True
            except (frames.FrameError, MessageError, AnnouncementError, AddressError):
                continue
        return news

    def trouble(self) -> str:
        """Return why it is not heard; empty: it is."""
        silent = time.monotonic() - self._heard
        if silent < SILENCE:
            return ""
        if self.record is not None and registry.is_stopped(self.record.pid):
            return (
                f"the process {self.name} was stopped by a signal: let it go on with"
                f" kill -CONT {self.record.pid}"
            )
        where = f" at {self.home}" if self.record is None else ""
        return (
            f"the process {self.name}{where} has said nothing for {silent:.0f} s: it hangs, or the"
            " connection is cut"
        )

    def close(self) -> None:
        """Listen no more."""
        self._subscriber.close()
        if self.process >= 0:
            os.close(self.process)


def _watched(record: Record | None) -> int:
    """Return a descriptor of a process of this machine, readable when it ends; -1: it has."""
    try:
        return -1 if record is None else os.pidfd_open(record.pid)
    except ProcessLookupError:
        return -1


class Peers:
    """
    All that are known.

    :ivar ended: those that were there and are no more: what they said last, by name
    """

    def __init__(
        self,
        sockets: Sockets,
        own: str,
        named: Sequence[Address],
        identity: Identity | None,
    ) -> None:
        """
        Begin with those that are named.

        :param own: the name of this process; empty: it has none
        """
        self._sockets, self._own = sockets, own
        self._identity = identity
        self._named = [Peer(sockets, home, identity, None) for home in named]
        self._told: dict[str, Peer] = {}  # by address: of whom those have told
        self._local: dict[Record, Peer] = {}
        self._lookout = registry.Lookout()
        self.ended: dict[str, Announcement] = {}

    def __iter__(self) -> Iterator[Peer]:
        yield from self._named
        yield from self._told.values()
        yield from self._local.values()

    def look(self, ready: Collection[int] = ()) -> bool:
        """
        Look which processes there are; return whether that has changed.

        :param ready: the descriptors that can be read
        """
        here, elsewhere = self._look_here(ready), self._look_elsewhere()
        return here or elsewhere

    def _look_here(self, ready: Collection[int]) -> bool:
        """Look for processes of this machine."""
        ended = any(one.process < 0 or one.process in ready for one in self._local.values())
        if not self._lookout.is_new() and not ended:
            return False
        found = {one for one in registry.records() if one.name != self._own}
        gone, new = self._local.keys() - found, found - self._local.keys()
        for record in gone:
            peer = self._local.pop(record)
            peer.close()
            if peer.said is not None:
                self.ended[record.name] = peer.said
        for record in new:
            home = addresses.parse(record.home)
            self._local[record] = Peer(self._sockets, home, None, record)
            self.ended.pop(record.name, None)
        return bool(gone or new)

    def _look_elsewhere(self) -> bool:
        """Look of which processes those that were named have told, on their machines."""
        told = {home for one in self._named if one.said for home in one.said.others}
        gone, new = self._told.keys() - told, told - self._told.keys()
        for home in gone:
            self._told.pop(home).close()
        for home in new:
            self._told[home] = Peer(self._sockets, addresses.parse(home), self._identity, None)
        return bool(gone or new)

    def hear(self, ready: Collection[int]) -> bool:
        """
        Take what was announced; return whether there is something new.

        :param ready: the descriptors that can be read
        """
        news = [peer.hear() for peer in self if peer.fileno() in ready]  # of all of them
        return any(news)

    def close(self) -> None:
        """Listen to nobody any more."""
        for peer in self:
            peer.close()
