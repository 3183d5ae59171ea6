"""A process as others find it: its name, where it listens, whom it knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, ExitStack
from dataclasses import dataclass
from functools import partial

from edge_perception.transport import log
from edge_perception.transport.local.bus import Bus
from edge_perception.transport.sp import address as addresses
from edge_perception.transport.sp import registry
from edge_perception.transport.sp.address import Address, AddressError, Identity
from edge_perception.transport.sp.choice import choose
from edge_perception.transport.sp.front import Front
from edge_perception.transport.sp.link import Link
from edge_perception.transport.sp.peers import Peers
from edge_perception.transport.sp.registry import Place

IPC = "ipc"
"""Processes of a machine reach each other by files; with "tcp", by ports of the loopback."""


@dataclass(frozen=True)
class Network:
    """
    How a process meets others.

    :ivar name: of the process; empty: it only listens, and others don't see it
    :ivar within: "ipc" or "tcp", to those of the same machine
    :ivar listen: where those of other machines reach it; None: nowhere
    :ivar peers: the homes of others that are not of this machine, or not this user's
    :ivar identity: with tls+tcp, who we are and whom we trust
    """

    name: str = ""
    within: str = IPC
    listen: Address | None = None
    peers: tuple[Address, ...] = ()
    identity: Identity | None = None


def network(
    name: str = "",
    within: str = IPC,
    listen: str = "",
    peers: tuple[str, ...] = (),
    identity: Identity | None = None,
) -> Network:
    """
    Read and check how a process meets others.

    :raises AddressError: if an address is none, or would open the robot to everybody
    """
    own = addresses.parse(listen) if listen else None
    others = tuple(addresses.parse(peer) for peer in peers)
    for address in (own, *others):
        if address is not None:
            addresses.check(address, identity)
    if identity is not None:
        _check_files(identity)
    return Network(name, within, own, others, identity)


def _check_files(identity: Identity) -> None:
    """
    See that an identity can be used: who can't connect would only try again and again.

    :raises AddressError: if it can't
    """
    from edge_perception.transport.sp.plain.tls import context

    try:
        context(identity, server=True)
    except OSError as error:
        raise AddressError(
            f"{identity.certificate} and {identity.peers}: expected PEM, a certificate with its"
            f" private key, and certificates of peers: {error}"
        ) from error


@contextmanager
def linked(bus: Bus, network: Network, answer: Callable[[bytes], bytes]) -> Iterator[Link]:
    """
    Link a bus to other processes while the context lasts.

    :param answer: is given what others ask for, and returns what is answered
    :raises AddressError: if an address can't be listened at
    :raises RegistryError: if a process of that name runs, or none can be found
    """
    sockets = choose()
    with ExitStack() as stack:
        fronts = []
        if network.name:
            registry.clean()
            place = Place(network.name)
            stack.callback(place.close)
            local = (
                Address("ipc", path=str(place.path))
                if network.within == IPC
                else Address("tcp", "127.0.0.1")
            )
            fronts.append(Front(sockets, local, None, answer))
        outside = ""
        if network.listen is not None:
            fronts.append(Front(sockets, network.listen, network.identity, answer))
            outside = str(fronts[-1].home)
        report = partial(log.exception, network.name or "link")
        peers = Peers(sockets, network.name, network.peers, network.identity)
        link = Link(bus, network.name, sockets, peers, fronts, outside, network.identity, report)
        with link:
            if network.name:
                place.open(str(fronts[0].home))
            yield link
