"""PUB, SUB, REQ and REP on connections: `transport.sp.sockets.Sockets`."""

from __future__ import annotations

from collections.abc import Callable

from edge_perception.transport.sp.address import Address, Identity
from edge_perception.transport.sp.plain import requests
from edge_perception.transport.sp.plain.connection import Connection, Protocol
from edge_perception.transport.sp.plain.listener import Listener
from edge_perception.transport.sp.plain.subscriber import PlainSubscriber


class PlainPublisher:
    """A PUB socket: `transport.sp.sockets.Publisher`."""

    def __init__(
        self,
        address: Address,
        identity: Identity | None,
        joined: Callable[[int], None],
        depth: int,
    ) -> None:
        self._listener = Listener(address, identity, Protocol.PUB, _unasked, joined, depth=depth)

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


class PlainSockets:
    """The implementation: `transport.sp.sockets.Sockets`."""

    publisher, subscriber, server = PlainPublisher, PlainSubscriber, requests.PlainServer
    call = staticmethod(requests.call)


def _unasked(connection: Connection, data: bytes) -> None:
    """Ignore what a subscriber says: it has nothing to say."""
