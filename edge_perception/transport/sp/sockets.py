"""
The sockets that the transport needs, whoever implements them.

`nng` does with the library of that name (pynng), `plain` in Python alone, for processors that
have no wheel of it. Both speak SP as it is on the wire, so they understand each other, and
libnanomsg.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from edge_perception.robot.plan import RequestError
from edge_perception.transport.sp.address import Address, Identity

FASTEST_RETRY, SLOWEST_RETRY = 0.05, 1.0  # seconds between two attempts to connect
CONNECTIONS = 64  # that a socket accepts
LARGEST_REQUEST = 64 << 10  # bytes
HANDSHAKE = 5.0  # seconds after which a peer that doesn't say what it is is cut off


class CallError(RequestError):
    """A service did not answer: which, and why."""


class Publisher(Protocol):
    """A PUB socket that listens."""

    @property
    def address(self) -> Address:
        """Return where it listens, with the port that the kernel chose."""

    def send(self, head: bytes, data: bytes) -> None:
        """Send a message of two parts to all who are connected; who can't keep up loses it."""

    def close(self) -> None:
        """End; what was sent just before may be lost."""


class Subscriber(Protocol):
    """A SUB socket that connects to one publisher, again and again until it is closed."""

    def fileno(self) -> int:
        """Return a file descriptor that can be read while there is a message."""

    def receive(self) -> bytes | None:
        """Return the next message; None if there is none."""

    def close(self) -> None:
        """End."""


class Server(Protocol):
    """A REP socket that listens; its answers are given in a thread of its own."""

    @property
    def address(self) -> Address:
        """Return where it listens, with the port that the kernel chose."""

    def close(self) -> None:
        """End."""


class Sockets(Protocol):
    """An implementation."""

    def publisher(
        self,
        address: Address,
        identity: Identity | None,
        joined: Callable[[int], None],
        depth: int,
    ) -> Publisher:
        """
        Listen.

        :param joined: is told how many are connected, when one came or went; in any thread
        :param depth: messages that wait for a slow subscriber before the oldest is dropped
        :raises AddressError: if the address is in use or can't be
        """

    def subscriber(
        self, address: Address, identity: Identity | None, prefix: bytes, depth: int
    ) -> Subscriber:
        """
        Connect.

        :param prefix: what the messages begin with
        :param depth: messages that wait to be received before the oldest is dropped
        """

    def server(
        self, address: Address, identity: Identity | None, answer: Callable[[bytes], bytes]
    ) -> Server:
        """
        Listen.

        :param answer: is given a request, and returns what is answered
        :raises AddressError: if the address is in use or can't be
        """

    def call(
        self, address: Address, identity: Identity | None, request: bytes, timeout: float
    ) -> bytes:
        """
        Send a request to a server and return what it answers.

        :param timeout: seconds
        :raises CallError: if there is no answer in time
        """
