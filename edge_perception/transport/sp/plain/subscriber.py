"""SUB: the messages of one publisher, to whom it connects anew whenever it must."""

from __future__ import annotations

from collections import deque
import os
import random
import select

from edge_perception.transport.sp.address import Address, Identity
from edge_perception.transport.sp.frames import LARGEST
from edge_perception.transport.sp.plain import wires
from edge_perception.transport.sp.plain.connection import Connection, Protocol
from edge_perception.transport.sp.plain.loop import loop
from edge_perception.transport.sp.sockets import FASTEST_RETRY, SLOWEST_RETRY


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
        self._ended = False
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
        self._pause = FASTEST_RETRY
        connection.detach(self._poll)
        os.eventfd_write(self._nudge, 1)  # TLS may have read more than the greeting
        self._nudged = True

    def _received(self, connection: Connection, data: bytes) -> None:
        if data.startswith(self._prefix):
            self._waiting.append(data)

    def _closed(self, connection: Connection) -> None:
        self._connection = None
        if not self._ended:
            self._again()
