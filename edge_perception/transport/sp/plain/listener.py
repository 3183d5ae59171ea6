"""Who is connected to an address of ours."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
import os
import selectors
import socket

from edge_perception.transport.sp.address import Address, Identity
from edge_perception.transport.sp.plain import wires
from edge_perception.transport.sp.plain.connection import Connection, Protocol
from edge_perception.transport.sp.plain.loop import loop
from edge_perception.transport.sp.sockets import CONNECTIONS


class Listener:
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
