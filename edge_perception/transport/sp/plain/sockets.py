"""PUB, SUB, REQ and REP on connections: `transport.sp.sockets.Sockets`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
import os
from queue import Empty, SimpleQueue
import random
import select
import selectors
import socket
import threading

from edge_perception.transport.sp.address import Address, Identity
from edge_perception.transport.sp.frames import LARGEST
from edge_perception.transport.sp.plain import wires
from edge_perception.transport.sp.plain.connection import Connection, Protocol
from edge_perception.transport.sp.plain.loop import loop
from edge_perception.transport.sp.sockets import (
    CallError,
    CONNECTIONS,
    FASTEST_RETRY,
    LARGEST_REQUEST,
    SLOWEST_RETRY,
)
from edge_perception.transport.threads import name_thread

_LONGEST_WAY = 64  # bytes
_REQUEST = 0x80000000
"""The bit by which SP knows the number of a request among the marks of those who passed it on."""


class _Listener:
    """Accepts connections, and keeps those that speak the protocol."""

    def __init__(
        self,
        address: Address,
        identity: Identity | None,
        protocol: Protocol,
        received: Callable[[Connection, bytes], None],
        joined: Callable[[int], None] = lambda count: None,
        largest: int = 0,
        depth: int = 1,
    ) -> None:
        self._wire = wires.listen(address)
        self.address = wires.listens_at(self._wire, address)
        self._identity, self._protocol, self._received = identity, protocol, received
        self._joined, self._largest, self._depth = joined, largest, depth
        self._all: set[Connection] = set()
        self.open: tuple[Connection, ...] = ()
        loop().soon(lambda: loop().watch(self._wire, selectors.EVENT_READ, self._accept))

    def close(self) -> None:
        """End all of them."""
        loop().do(self._end)
        if self.address.scheme == "ipc":
            with suppress(OSError):
                os.unlink(self.address.path)

    def _end(self) -> None:
        loop().forget(self._wire)
        self._wire.close()
        for connection in tuple(self._all):
            connection.close()

    def _accept(self, events: int) -> None:
        try:
            wire, _ = self._wire.accept()
        except OSError:  # it went away again, or there are no descriptors left
            return
        if len(self._all) >= CONNECTIONS:
            wire.close()
            return
        wire.setblocking(False)
        if not self.address.path:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            secured = wires.secured(wire, self.address, self._identity, server=True)
        except OSError:
            wire.close()
            return
        self._all.add(
            Connection(
                secured,
                self._protocol,
                self._opened,
                self._received,
                self._closed,
                self._largest,
                self._depth,
            )
        )

    def _opened(self, connection: Connection) -> None:
        self.open = (*self.open, connection)
        self._joined(len(self.open))

    def _closed(self, connection: Connection) -> None:
        self._all.discard(connection)
        if connection in self.open:
            self.open = tuple(one for one in self.open if one is not connection)
            self._joined(len(self.open))


class PlainPublisher:
    """A PUB socket: `transport.sp.sockets.Publisher`."""

    def __init__(
        self,
        address: Address,
        identity: Identity | None,
        joined: Callable[[int], None],
        depth: int,
    ) -> None:
        self._listener = _Listener(address, identity, Protocol.PUB, _unasked, joined, depth=depth)

    @property
    def address(self) -> Address:
        """Return where it listens."""
        return self._listener.address

    def send(self, head: bytes, data: bytes) -> None:
        """Send a message of two parts to all who are connected."""
        for connection in self._listener.open:
            connection.send(head, data)

    def close(self) -> None:
        """End."""
        self._listener.close()


class PlainSubscriber:
    """A SUB socket: `transport.sp.sockets.Subscriber`."""

    def __init__(
        self, address: Address, identity: Identity | None, prefix: bytes, depth: int
    ) -> None:
        self._address, self._identity, self._prefix = address, identity, prefix
        self._waiting: deque[bytes] = deque(maxlen=depth)
        self._poll = select.epoll()  # one descriptor, whatever the connection is just now
        self._nudge = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._nudged = False
        self._poll.register(self._nudge, select.EPOLLIN)
        self._connection: Connection | None = None
        self._pause = FASTEST_RETRY
        self._ended = self.is_connected = False
        loop().soon(self._connect)

    def fileno(self) -> int:
        """Return a file descriptor that can be read while there is a message."""
        return self._poll.fileno()

    def receive(self) -> bytes | None:
        """Return the next message; None if there is none."""
        if self._nudged:
            self._nudged = False
            os.eventfd_read(self._nudge)
        connection = self._connection
        if not self._waiting and connection is not None and connection.is_detached:
            connection.receive()
        return self._waiting.popleft() if self._waiting else None

    def close(self) -> None:
        """End."""
        loop().do(self._end)
        self._poll.close()
        os.close(self._nudge)

    def _end(self) -> None:
        self._ended = True
        if self._connection is not None:
            self._connection.close()

    def _connect(self) -> None:
        if self._ended:
            return
        try:
            wire = wires.secured(
                wires.connect(self._address), self._address, self._identity, server=False
            )
        except OSError:
            self._again()
            return
        self._connection = Connection(
            wire, Protocol.SUB, self._opened, self._received, self._closed, LARGEST
        )

    def _again(self) -> None:
        self._pause = min(2 * self._pause, SLOWEST_RETRY)
        loop().later(random.uniform(FASTEST_RETRY, self._pause), self._connect)

    def _opened(self, connection: Connection) -> None:
        self._pause, self.is_connected = FASTEST_RETRY, True
        connection.detach(self._poll)
        os.eventfd_write(self._nudge, 1)  # TLS may have read more than the greeting
        self._nudged = True

    def _received(self, connection: Connection, data: bytes) -> None:
        if data.startswith(self._prefix):
            self._waiting.append(data)

    def _closed(self, connection: Connection) -> None:
        self._connection, self.is_connected = None, False
        if not self._ended:
            self._again()


class PlainServer:
    """A REP socket and its thread: `transport.sp.sockets.Server`."""

    def __init__(
        self, address: Address, identity: Identity | None, answer: Callable[[bytes], bytes]
    ) -> None:
        self._answer = answer
        self._requests: SimpleQueue[tuple[Connection, bytes] | None] = SimpleQueue()
        self._listener = _Listener(
            address,
            identity,
            Protocol.REP,
            lambda connection, data: self._requests.put((connection, data)),
            largest=LARGEST_REQUEST,
            depth=CONNECTIONS,
        )
        self._thread = threading.Thread(target=self._serve, name="services", daemon=True)
        self._thread.start()

    @property
    def address(self) -> Address:
        """Return where it listens."""
        return self._listener.address

    def close(self) -> None:
        """End after the answer that is being given."""
        self._requests.put(None)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        name_thread(self._thread.name)
        while (request := self._requests.get()) is not None:
            connection, data = request
            marks = _marks(data)
            if marks:
                connection.send(data[:marks], self._answer(data[marks:]))


class PlainSockets:
    """The implementation: `transport.sp.sockets.Sockets`."""

    publisher, subscriber, server = PlainPublisher, PlainSubscriber, PlainServer

    def call(
        self, address: Address, identity: Identity | None, request: bytes, timeout: float
    ) -> bytes:
        """Send a request and return what is answered."""
        number = (_REQUEST | random.getrandbits(31)).to_bytes(4, "big")
        answers: SimpleQueue[bytes | None] = SimpleQueue()
        made: list[Connection] = []

        def received(connection: Connection, data: bytes) -> None:
            if data.startswith(number):
                answers.put(data[len(number) :])

        def ask() -> None:
            try:
                wire = wires.secured(wires.connect(address), address, identity, server=False)
            except OSError:
                answers.put(None)
                return
            made.append(
                Connection(
                    wire,
                    Protocol.REQ,
                    lambda connection: connection.send(number, request),
                    received,
                    lambda connection: answers.put(None),
                    LARGEST,
                )
            )

        loop().soon(ask)
        try:
            answer = answers.get(timeout=timeout)
        except Empty:
            answer = None
        loop().soon(lambda: made[0].close() if made else None)
        if answer is None:
            raise CallError(f"{address} does not answer within {timeout:g} s")
        return answer


def _unasked(connection: Connection, data: bytes) -> None:
    """Ignore what a subscriber says: it has nothing to say."""


def _marks(data: bytes) -> int:
    """Return how many bytes stand before a request: the marks of those who pass it on, and it."""
    for end in range(4, min(len(data), _LONGEST_WAY) + 1, 4):
        if data[end - 4] & 0x80:
            return end
    return 0
