"""
A connection as SP has it on the wire.

Both sides say which protocol they speak, in eight bytes; then each message is its length in eight
bytes, the most significant first, and its bytes. On Unix sockets a byte of one stands before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
import enum
import select
import selectors
import socket
import threading
from typing import TYPE_CHECKING

from edge_perception.transport.sp.plain.loop import loop
from edge_perception.transport.sp.sockets import HANDSHAKE

if TYPE_CHECKING:
    from edge_perception.transport.sp.plain.tls import TlsWire

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_GREETING = 8  # bytes
_MESSAGE = b"\1"
"""What a message on a Unix socket begins with."""
_WAITS = (BlockingIOError, InterruptedError)


class Protocol(enum.IntEnum):
    """Who speaks: the numbers of SP."""

    PUB = 32
    SUB = 33
    REQ = 48
    REP = 49


PARTNER = {
    Protocol.PUB: Protocol.SUB,
    Protocol.SUB: Protocol.PUB,
    Protocol.REQ: Protocol.REP,
    Protocol.REP: Protocol.REQ,
}


def greeting(protocol: Protocol) -> bytes:
    """Return what a side says first."""
    return b"\0SP\0" + protocol.to_bytes(2, "big") + b"\0\0"


def is_local(wire: socket.socket | TlsWire) -> bool:
    """Tell whether it is a Unix socket."""
    return wire.family == socket.AF_UNIX


class Connection:
    """
    One connection; all of its methods but `send` and `receive` are for the thread of the loop.

    :ivar is_detached: whether it is read by `receive`, and not by the loop
    """

    def __init__(
        self,
        wire: socket.socket | TlsWire,
        protocol: Protocol,
        opened: Callable[[Connection], None],
        received: Callable[[Connection, bytes], None],
        closed: Callable[[Connection], None],
        largest: int,
        depth: int = 1,
    ) -> None:
        """
        Begin with what both sides say first.

        :param wire: a socket that doesn't block; with TLS, before the handshake
        :param opened: is called when the other side speaks the protocol that it should
        :param received: is given each message
        :param largest: bytes of a message; who announces more is cut off
        :param depth: messages that wait to be sent before the oldest is dropped
        """
        self._wire, self._protocol, self._largest, self._depth = wire, protocol, largest, depth
        self._opened, self._received, self._closed = opened, received, closed
        self._head = 9 if is_local(wire) else 8
        self._is_open = self._ended = self.is_detached = False
        self._tls = None if isinstance(wire, socket.socket) else wire  # until its handshake
        self._waiting: deque[list[memoryview]] = deque()
        self._lock = threading.Lock()  # sending threads and the loop
        self._stage: Callable[[bytes], None] = self._greeted
        self._expect(_GREETING)
        self._waiting.append([memoryview(greeting(protocol))])
        loop().watch(wire, _READ | _WRITE, self._ready)
        loop().later(HANDSHAKE, self._give_up)

    def send(self, *parts: bytes) -> None:
        """Send a message; in any thread."""
        size = sum(map(len, parts)).to_bytes(8, "big")
        head = _MESSAGE + size if self._head == 9 else size
        with self._lock:
            idle = not self._waiting
            if len(self._waiting) > self._depth:
                del self._waiting[1]  # the first may be half-way
            self._waiting.append([memoryview(head), *(memoryview(part) for part in parts)])
            if idle and not self._ended:
                try:
                    self._flush()
                except OSError:
                    loop().soon(self.close)
                    return
                if self._waiting:
                    loop().soon(self._watch)

    def detach(self, poll: select.epoll) -> None:
        """Let `receive` read what comes, when ``poll`` says that there is something."""
        loop().forget(self._wire)
        self.is_detached = True
        poll.register(self._wire, select.EPOLLIN)

    def receive(self) -> None:
        """Read what has come on a detached connection; in one other thread."""
        try:
            while self._read():
                pass
        except _WAITS:
            return
        except (OSError, ValueError):  # cut off, or it does not speak SP
            loop().soon(self.close)

    def close(self) -> None:
        """End."""
        if not self._ended:
            self._ended = True
            loop().forget(self._wire)
            with self._lock:
                self._wire.close()
            self._closed(self)

    def _give_up(self) -> None:
        if not self._is_open:
            self.close()

    def _watch(self) -> None:
        if not self._ended and not self.is_detached:
            loop().watch(self._wire, _READ | (_WRITE if self._waiting else 0), self._ready)

    def _ready(self, events: int) -> None:
        try:
            with self._lock:
                if self._tls is not None:
                    loop().forget(self._tls)  # which has another socket when it is connected
                    if awaited := self._tls.handshake():
                        loop().watch(self._tls, awaited, self._ready)
                        return
                    self._tls = None
                self._flush()
            while not self.is_detached and self._read():
                pass
        except _WAITS:
            pass
        except (OSError, ValueError):  # cut off, or it does not speak SP
            self.close()
        self._watch()

    def _flush(self) -> None:
        """Send what waits, as far as it goes now; the lock is held."""
        while self._waiting:
            parts = self._waiting[0]
            try:
                sent = self._wire.sendmsg(parts)
            except _WAITS:
                return
            while parts and sent >= len(parts[0]):
                sent -= len(parts.pop(0))
            if parts:
                parts[0] = parts[0][sent:]
            else:
                self._waiting.popleft()

    def _expect(self, size: int) -> None:
        self._buffer, self._got = bytearray(size), 0

    def _read(self) -> bool:
        """Read a part of what is expected; return whether there may be more."""
        if self._got < len(self._buffer):
            with self._lock:
                count = self._wire.recv_into(memoryview(self._buffer)[self._got :])
            if not count:
                raise ConnectionResetError
            self._got += count
        if self._got == len(self._buffer):
            self._stage(bytes(self._buffer))
        return not self._ended

    def _greeted(self, said: bytes) -> None:
        if said != greeting(PARTNER[self._protocol]):
            raise ValueError("it does not speak the protocol")
        self._is_open = True
        self._stage = self._announced
        self._expect(self._head)
        self._opened(self)

    def _announced(self, head: bytes) -> None:
        size = int.from_bytes(head[-8:], "big")
        if size > self._largest or head[:-8] not in (b"", _MESSAGE):
            raise ValueError("the message is too large")
        self._stage = self._complete
        self._expect(size)  # zero pages, which take memory only when something is written there

    def _complete(self, data: bytes) -> None:
        self._stage = self._announced
        self._expect(self._head)
        self._received(self, data)
