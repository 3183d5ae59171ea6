"""Sockets of nng, by pynng: `transport.sp.sockets.Sockets`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
import threading
from typing import Any

import pynng

from edge_perception.transport.sp.address import Address, AddressError, Identity
from edge_perception.transport.sp.frames import LARGEST
from edge_perception.transport.sp.sockets import (
    CallError,
    CONNECTIONS,
    FASTEST_RETRY,
    LARGEST_REQUEST,
    SLOWEST_RETRY,
)
from edge_perception.transport.threads import name_thread

_NAME = "edge-robot"
"""What certificates are issued to: who connects is known by the certificate, not by its name."""
_NOTHING = 1  # bytes: the least that nng takes for a limit; a subscriber has nothing to say
_RETRY = {
    "reconnect_time_min": int(FASTEST_RETRY * 1000),
    "reconnect_time_max": int(SLOWEST_RETRY * 1000),
}


class NngPublisher:
    """A PUB socket: `transport.sp.sockets.Publisher`."""

    def __init__(
        self,
        address: Address,
        identity: Identity | None,
        joined: Callable[[int], None],
        depth: int,
    ) -> None:
        self._socket = pynng.Pub0(send_buffer_size=depth, recv_max_size=_NOTHING)
        self._socket.add_pre_pipe_connect_cb(_not_too_many)
        self._socket.add_post_pipe_connect_cb(lambda pipe: joined(len(self._socket.pipes)))
        self._socket.add_post_pipe_remove_cb(
            lambda pipe: joined(sum(one is not pipe for one in self._socket.pipes))
        )
        self.address = _listen(self._socket, address, identity)

    def send(self, head: bytes, data: bytes) -> None:
        """Send a message of two parts; nng never waits for a subscriber."""
        with suppress(pynng.Closed):
            self._socket.send(head + data)

    def close(self) -> None:
        """End."""
        self._socket.close()


class NngSubscriber:
    """A SUB socket: `transport.sp.sockets.Subscriber`."""

    def __init__(
        self, address: Address, identity: Identity | None, prefix: bytes, depth: int
    ) -> None:
        self._socket = pynng.Sub0(topics=prefix, recv_buffer_size=depth, recv_max_size=LARGEST)
        _secure(self._socket, address, identity, pynng.TLSConfig.MODE_CLIENT)
        for option, value in _RETRY.items():
            setattr(self._socket, option, value)
        self._socket.dial(str(address), block=False)
        self._descriptor = int(self._socket.recv_fd)

    def fileno(self) -> int:
        """Return a file descriptor that can be read while there is a message."""
        return self._descriptor

    def receive(self) -> bytes | None:
        """Return the next message; None if there is none."""
        try:
            return bytes(self._socket.recv(block=False))
        except (pynng.TryAgain, pynng.Closed):
            return None

    def close(self) -> None:
        """End."""
        self._socket.close()


class NngServer:
    """A REP socket and its thread: `transport.sp.sockets.Server`."""

    def __init__(
        self, address: Address, identity: Identity | None, answer: Callable[[bytes], bytes]
    ) -> None:
        self._socket = pynng.Rep0(recv_max_size=LARGEST_REQUEST)
        self._socket.add_pre_pipe_connect_cb(_not_too_many)
        self._answer = answer
        self.address = _listen(self._socket, address, identity)
        self._thread = threading.Thread(target=self._serve, name="services", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End after the answer that is being given."""
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        name_thread(self._thread.name)
        while True:
            try:
                self._socket.send(self._answer(self._socket.recv()))
            except pynng.Closed:
                return
            except pynng.NNGException:  # who asked is gone
                continue


class NngSockets:
    """The implementation: `transport.sp.sockets.Sockets`."""

    publisher, subscriber, server = NngPublisher, NngSubscriber, NngServer

    def call(
        self, address: Address, identity: Identity | None, request: bytes, timeout: float
    ) -> bytes:
        """Send a request and return what is answered."""
        milliseconds = max(1, int(timeout * 1000))
        with pynng.Req0(recv_timeout=milliseconds, send_timeout=milliseconds) as socket:
            socket.recv_max_size = LARGEST
            _secure(socket, address, identity, pynng.TLSConfig.MODE_CLIENT)
            try:
                socket.dial(str(address), block=False)
                socket.send(request)
                return bytes(socket.recv())
            except pynng.NNGException as error:
                raise CallError(f"{address} does not answer within {timeout:g} s") from error


def _listen(socket: Any, address: Address, identity: Identity | None) -> Address:
    """Let a socket listen, and return where it does."""
    try:
        _secure(socket, address, identity, pynng.TLSConfig.MODE_SERVER)
        listener = socket.listen(str(address))
    except pynng.NNGException as error:
        socket.close()
        raise AddressError(f"can't listen at {address}: {error}") from error
    if address.path or address.port:
        return address
    port = int(str(listener.local_address).rpartition(":")[2])
    return Address(address.scheme, address.host, port)


def _secure(socket: Any, address: Address, identity: Identity | None, mode: int) -> None:
    if address.is_encrypted and identity is not None:
        socket.tls_config = pynng.TLSConfig(
            mode,
            server_name=_NAME,
            auth_mode=pynng.TLSConfig.AUTH_MODE_REQUIRED,
            ca_files=str(identity.peers),
            cert_key_file=str(identity.certificate),
        )


def _not_too_many(pipe: Any) -> None:
    if len(pipe.socket.pipes) > CONNECTIONS:
        pipe.close()
