"""Sockets of the operating system for addresses, with TLS where an address asks for it."""

from __future__ import annotations

from contextlib import suppress
import os
import socket
from typing import TYPE_CHECKING

from edge_perception.transport.sp.address import Address, AddressError, Identity
from edge_perception.transport.sp.sockets import CONNECTIONS

if TYPE_CHECKING:
    from edge_perception.transport.sp.plain.tls import TlsWire


def listen(address: Address) -> socket.socket:
    """
    Return a socket that listens.

    :raises AddressError: if the address is in use or can't be
    """
    wire = _make(address)
    try:
        if address.scheme == "ipc":
            with suppress(FileNotFoundError):
                os.unlink(address.path)
        elif not address.path:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        wire.bind(_name(address))
        wire.listen(CONNECTIONS)
    except OSError as error:
        wire.close()
        raise AddressError(f"can't listen at {address}: {error}") from error
    return wire


def listens_at(wire: socket.socket, address: Address) -> Address:
    """Return where a socket listens, with the port that the kernel chose."""
    if address.path:
        return address
    return Address(address.scheme, address.host, wire.getsockname()[1])


def connect(address: Address) -> socket.socket:
    """
    Begin to connect, without waiting.

    :raises OSError: if nobody listens there
    """
    wire = _make(address)
    try:
        wire.connect(_name(address))
    except BlockingIOError:  # it goes on
        pass
    except OSError:
        wire.close()
        raise
    return wire


def secured(
    wire: socket.socket, address: Address, identity: Identity | None, server: bool
) -> socket.socket | TlsWire:
    """
    Return a socket, with TLS around it if the address asks for it; the handshake is to come.

    :raises OSError: if the files of certificates can't be read
    """
    if not address.is_encrypted or identity is None:
        return wire
    from edge_perception.transport.sp.plain.tls import TlsWire  # with OpenSSL, 2 MB

    return TlsWire(wire, identity, server)


def _make(address: Address) -> socket.socket:
    if address.path:
        family = socket.AF_UNIX
    else:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    wire = socket.socket(family, socket.SOCK_STREAM)
    wire.setblocking(False)
    if not address.path:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return wire


def _name(address: Address) -> str | bytes | tuple[str, int]:
    """Return an address as the operating system has it; inproc is a name of this process there."""
    if address.scheme == "inproc":
        return f"\0edge-robot-{os.getpid()}-{address.path}".encode()
    return address.path or (address.host, address.port)
