"""Where other processes reach this one: a socket for each topic, one for requests, and a home."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import hashlib
import os
import secrets
import socket
import threading
import time
from typing import TypeVar

from edge_perception import messages
from edge_perception.core.node import PICTURES
from edge_perception.messages.type_hash import digest
from edge_perception.messages.types import String
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.sp import announcement as announcements
from edge_perception.transport.sp import frames
from edge_perception.transport.sp.address import Address, AddressError, Identity, LONGEST_PATH
from edge_perception.transport.sp.announcement import Announcement, Child, Offer, Want
from edge_perception.transport.sp.ring import RingWriter
from edge_perception.transport.sp.sockets import Publisher, Server, Sockets

DEPTH, DEPTH_OF_PICTURES = 128, 4  # messages that wait to be sent, or to be received
HEARTBEAT = 0.75  # seconds between two announcements
OUTSIDE = "outside"
"""The process of the readers of this one's messages, whoever they are."""
_S = TypeVar("_S")
_PORTS = 1000  # above that of the home, which are tried


def depth(type_: str) -> int:
    """Return how many messages of a type may wait."""
    return DEPTH_OF_PICTURES if type_ in PICTURES else DEPTH


def next_beat(interval: float) -> float:
    """
    Return when to do next what is done so often [s, of time.monotonic].

    All processes of a machine do it at the same time, so that each wakes once for all of them.
    """
    return (time.monotonic() // interval + 1) * interval


class Outlet:
    """A topic of this process on a socket: what is published is sent while somebody reads."""

    def __init__(
        self,
        bus: Bus,
        topic: str,
        type_: str,
        listen: Callable[[Callable[[int], None], int], Publisher],
        ring: RingWriter | None = None,
    ) -> None:
        """
        Open the socket.

        :param listen: is given who is to be told of readers, and how many messages may wait
        :param ring: shared memory for the messages; the socket then says where they are
        """
        self._bus, self._topic, self._ring = bus, topic, ring
        self._digest, self._count = digest(type_), 0
        self._end = End(OUTSIDE, topic, type_, self._send, process=OUTSIDE)
        self._is_read = False
        self._joining, self._sending = threading.Lock(), threading.Lock()
        self._publisher = listen(self._joined, depth(type_))

    @property
    def address(self) -> Address:
        """Return where it listens."""
        return self._publisher.address

    def close(self) -> None:
        """End."""
        self._joined(0)
        self._publisher.close()
        if self._ring is not None:
            self._ring.close()

    def _joined(self, count: int) -> None:
        """Read what is published while somebody is connected; who is new gets what is latched."""
        with self._joining:
            if count and self._is_read:
                self._bus.repeat(self._end)
            elif count:
                self._is_read = True
                self._bus.read(self._end)
            elif self._is_read:
                self._is_read = False
                self._bus.remove(self._end)

    def _send(self, data: bytes) -> None:
        with self._sending:
            self._count += 1
            head = frames.head(self._topic, self._digest, self._count, time.time_ns())
            if self._ring is not None:
                data = self._ring.write(data)
            self._publisher.send(head, data)


class Front:
    """The sockets by which processes on this machine, or on the network, reach this one."""

    def __init__(
        self,
        sockets: Sockets,
        base: Address,
        identity: Identity | None,
        answer: Callable[[bytes], bytes],
    ) -> None:
        """
        Open those for announcements and requests.

        :param base: of the home; with ipc, the folder of all sockets
        :param answer: is given a request, and returns what is answered
        :raises AddressError: if one of them can't listen
        """
        self._sockets, self._base, self._identity = sockets, base, identity
        self._outlets: dict[tuple[str, str], Outlet] = {}
        self._rings: dict[tuple[str, str], Outlet] = {}
        self._names: set[str] = set()
        self._next = base.port
        self._said: Announcement | None = None
        self._frame, self._due = b"", 0.0
        self._instance = secrets.token_hex(8)
        self._home = self._publisher("home")(self._greet, DEPTH)
        self._server: Server = self._open(
            "services", lambda address: sockets.server(address, identity, answer)
        )

    @property
    def home(self) -> Address:
        """Return where announcements are heard."""
        return self._home.address

    def update(
        self,
        process: str,
        bus: Bus,
        nodes: Sequence[str],
        children: Sequence[Child],
        outside: str,
        others: Sequence[str],
    ) -> None:
        """
        Have a socket for each topic, and announce what changed.

        :param outside: where other machines hear this process; empty: nowhere
        :param others: where they hear the other processes of this machine
        """
        publishers, readers = bus.own()
        wanted = {(end.topic, end.type) for end in publishers}
        for outlets in (self._outlets, self._rings):
            for key in outlets.keys() - wanted:
                outlets.pop(key).close()
        for topic, type_ in sorted(wanted - self._outlets.keys()):
            self._add(bus, topic, type_)
        said = Announcement(
            process,
            os.getpid(),
            socket.gethostname(),
            self._instance,
            str(self._server.address),
            outside,
            tuple(nodes),
            tuple(self._offer(end) for end in publishers),
            tuple(Want(end.node, end.topic, end.type, end.service) for end in readers),
            tuple(children),
            tuple(others),
        )
        if said != self._said:
            self._said, self._due = said, 0.0
            self._frame = messages.serialize(String(data=announcements.write(said)))
            self.beat()

    def beat(self) -> None:
        """Announce once more what has not changed, if it is time to."""
        if time.monotonic() >= self._due:
            self._due = next_beat(HEARTBEAT)
            self._greet(1)

    def close(self) -> None:
        """Close all sockets."""
        for outlets in (self._outlets, self._rings):
            while outlets:
                outlets.popitem()[1].close()
        self._server.close()
        self._home.close()

    def _greet(self, count: int) -> None:
        if self._frame:
            head = frames.head(announcements.TOPIC, digest(announcements.TYPE), 0)
            self._home.send(head, self._frame)

    def _add(self, bus: Bus, topic: str, type_: str) -> None:
        name = topic.strip("/").replace("/", ".")
        self._outlets[topic, type_] = Outlet(bus, topic, type_, self._publisher(name))
        if self._base.path and type_ in PICTURES:
            ring = RingWriter(depth(type_))
            self._rings[topic, type_] = Outlet(
                bus, topic, type_, self._publisher(f"{name}.ring"), ring
            )

    def _offer(self, end: End) -> Offer:
        key = (end.topic, end.type)
        address = str(self._outlets[key].address)
        ring = str(self._rings[key].address) if key in self._rings else ""
        hexadecimal = digest(end.type).hex()
        return Offer(end.node, end.topic, end.type, hexadecimal, end.latched, address, ring)

    def _publisher(self, name: str) -> Callable[[Callable[[int], None], int], Publisher]:
        """Return what opens a PUB socket of a name."""
        return lambda joined, depth: self._open(
            name,
            lambda address: self._sockets.publisher(address, self._identity, joined, depth),
        )

    def _open(self, name: str, listen: Callable[[Address], _S]) -> _S:
        """Open a socket: at a file of that name, or at the next port that is free."""
        if self._base.path:
            return listen(Address(self._base.scheme, path=self._path(name)))
        for _ in range(_PORTS):
            address = Address(self._base.scheme, self._base.host, self._next)
            if not self._next or name == "home":  # which has to be where it is looked for
                self._next += bool(self._next)
                return listen(address)
            self._next += 1
            try:
                return listen(address)
            except AddressError:
                continue
        raise AddressError(f"{self._base}: none of {_PORTS} ports above it is free")

    def _path(self, name: str) -> str:
        """Return the path of a socket: readable, unless it is too long or there is such a one."""
        path = f"{self._base.path}/{name}"
        if len(path.encode()) > LONGEST_PATH or name in self._names:
            unlike = f"{name}{len(self._names)}".encode()
            path = f"{self._base.path}/{hashlib.sha256(unlike).hexdigest()[:8]}"
        self._names.add(name)
        return path
