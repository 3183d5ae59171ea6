"""Addresses of sockets: which are allowed, and what the kernel makes of a port of zero."""

from __future__ import annotations

from dataclasses import dataclass
import ipaddress
from pathlib import Path
import re
from typing import NamedTuple

from edge_perception.robot.plan import RequestError

LONGEST_PATH = 107  # bytes of the path of a Unix socket
_FORM = re.compile(r"(?P<scheme>tcp|tls\+tcp)://(?P<host>\[[^]]+\]|[^:/]+):(?P<port>\d{1,5})\Z")
_LOCAL = re.compile(r"(?P<scheme>inproc|ipc)://(?P<path>.+)\Z", re.DOTALL)


class AddressError(RequestError):
    """An address that can't be used: which, why, and what to do."""


@dataclass(frozen=True)
class Address:
    """
    Where a socket listens.

    :ivar scheme: inproc, ipc, tcp or tls+tcp
    :ivar host: with tcp: a name or number, IPv6 without brackets
    :ivar path: with ipc a file's, with inproc any name
    """

    scheme: str
    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return f"{self.scheme}://{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def is_encrypted(self) -> bool:
        """Tell whether peers prove who they are."""
        return self.scheme == "tls+tcp"

    @property
    def is_of_this_machine(self) -> bool:
        """Tell whether nobody on another machine can reach it."""
        if self.path or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


class Identity(NamedTuple):
    """
    Who this process is to others, and whom it trusts: with tls+tcp.

    :ivar certificate: a PEM file with the certificate and its private key
    :ivar peers: a PEM file with the certificates of all who may connect, or that sign theirs
    """

    certificate: Path
    peers: Path


def parse(text: str) -> Address:
    """
    Read an address.

    :raises AddressError: if it is none
    """
    if match := _LOCAL.match(text):
        if match["scheme"] == "ipc" and len(match["path"].encode()) > LONGEST_PATH:
            raise AddressError(
                f"{text}: the path is longer than the {LONGEST_PATH} bytes of a Unix socket's: set"
                " EDGE_ROBOT_RUN to a shorter folder"
            )
        return Address(match["scheme"], path=match["path"])
    match = _FORM.match(text)
    if not match or int(match["port"]) > 65535:
        raise AddressError(
            f"{text!r} is no address: expected tcp://HOST:PORT or tls+tcp://HOST:PORT"
        )
    return Address(match["scheme"], match["host"].strip("[]"), int(match["port"]))


def check(address: Address, identity: Identity | None) -> None:
    """
    Refuse what would let others in or send to them in the clear.

    :raises AddressError: if the network is to be used without encryption, or without an identity
    """
    if address.is_encrypted:
        if identity is None:
            raise AddressError(
                f"{address} needs --tls-certificate FILE and --tls-peers FILE: who we are, and who"
                " may connect"
            )
        for file in (identity.certificate, identity.peers):
            if not file.is_file():
                raise AddressError(f"{file}: there is no such file of certificates")
    elif not address.is_of_this_machine:
        raise AddressError(
            f"{address} would open the robot to everybody on the network: use tls+tcp:// with"
            " certificates, or tcp://127.0.0.1"
        )
