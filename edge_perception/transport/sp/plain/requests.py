"""REQ and REP: requests to a server, and their answers."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
import random
import threading

from edge_perception.transport.sp.address import Address, Identity
from edge_perception.transport.sp.frames import LARGEST
from edge_perception.transport.sp.plain import wires
from edge_perception.transport.sp.plain.connection import Connection, Protocol
from edge_perception.transport.sp.plain.listener import Listener
from edge_perception.transport.sp.plain.loop import loop
from edge_perception.transport.sp.sockets import CallError, CONNECTIONS, LARGEST_REQUEST
from edge_perception.transport.threads import name_thread

_LONGEST_WAY = 64  # bytes
_REQUEST = 0x80000000
"""The bit by which SP knows the number of a request among the marks of those who passed it on."""


class PlainServer:
    """A REP socket and its thread: `transport.sp.sockets.Server`."""

    def __init__(
        self, address: Address, identity: Identity | None, answer: Callable[[bytes], bytes]
    ) -> None:
        self._answer = answer
        self._requests: SimpleQueue[tuple[Connection, bytes] | None] = SimpleQueue()
        self._listener = Listener(
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


def call(address: Address, identity: Identity | None, request: bytes, timeout: float) -> bytes:
    """
    Send a request and return what is answered.

    :param timeout: in seconds.
    :raises CallError: if there is no answer by then.
    """
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


def _marks(data: bytes) -> int:
    """Return how many bytes stand before a request: the marks of those who pass it on, and it."""
    for end in range(4, min(len(data), _LONGEST_WAY) + 1, 4):
        if data[end - 4] & 0x80:
            return end
    return 0
