"""What a process says of itself, now and then: what it publishes, reads, offers, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
import json
from typing import Any

from edge_perception.transport.sp import address as addresses
from edge_perception.transport.sp.address import Address

TOPIC = "_announcement"
TYPE = "std_msgs/msg/String"
_MOST = 2000  # entries of a list
_LONGEST = 1000  # characters of a text


class AnnouncementError(Exception):
    """What came is no announcement: what was expected."""


@dataclass(frozen=True)
class Offer:
    """
    A topic on which a node publishes.

    :ivar digest: of its type, hexadecimal
    :ivar address: of the socket
    :ivar ring: of the socket that says where in shared memory messages are; empty: there is none
    """

    node: str
    topic: str
    type: str
    digest: str
    latched: bool
    address: str
    ring: str


@dataclass(frozen=True)
class Want:
    """
    A topic that a node reads.

    :ivar service: as what it is offered, too; empty: it is no service
    """

    node: str
    topic: str
    type: str
    service: str


@dataclass(frozen=True)
class Child:
    """
    A process that this one watches over.

    :ivar state: starting, running, waiting to be started again, or ended
    :ivar reason: why it ended last; empty: it did not
    """

    name: str
    pid: int
    state: str
    restarts: int
    reason: str


@dataclass(frozen=True)
class Announcement:
    """
    What a process says of itself.

    :ivar instance: another one for each start
    :ivar services: the address for requests
    :ivar outside: where other machines hear it; empty: nowhere
    :ivar others: where they hear the other processes of its machine
    """

    process: str
    pid: int
    host: str
    instance: str
    services: str
    outside: str
    nodes: tuple[str, ...]
    offers: tuple[Offer, ...]
    wants: tuple[Want, ...]
    children: tuple[Child, ...] = ()
    others: tuple[str, ...] = ()


def seen_from(home: Address, said: Announcement) -> Announcement:
    """
    Return what a process on another machine said, with addresses that are reached from here.

    It may listen on all of its interfaces, and does not know by which name we found it.

    :raises AddressError: if it said what is no address
    """
    return replace(
        said,
        services=_there(home, said.services),
        offers=tuple(replace(one, address=_there(home, one.address)) for one in said.offers),
        others=tuple(_there(home, one) for one in said.others),
    )


def _there(home: Address, text: str) -> str:
    address = addresses.parse(text)
    return text if address.path else str(replace(address, host=home.host))


def services(said: Iterable[Announcement]) -> dict[str, tuple[Want, str]]:
    """Return the services that are offered, by name, and the addresses where they are called."""
    return {want.topic: (want, one.services) for one in said for want in one.wants if want.service}


def write(announcement: Announcement) -> str:
    """Return an announcement as JSON."""
    return json.dumps(asdict(announcement), separators=(",", ":"))


def read(text: str) -> Announcement:
    """
    Return what was announced.

    :raises AnnouncementError: if it was nothing
    """
    try:
        fields = json.loads(text)
        return Announcement(
            **_record(fields, Announcement, ("nodes", "offers", "wants", "children", "others")),
            nodes=tuple(_text(one) for one in _list(fields["nodes"])),
            others=tuple(_text(one) for one in _list(fields["others"])),
            offers=tuple(Offer(**_record(one, Offer)) for one in _list(fields["offers"])),
            wants=tuple(Want(**_record(one, Want)) for one in _list(fields["wants"])),
            children=tuple(Child(**_record(one, Child)) for one in _list(fields["children"])),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise AnnouncementError(f"no announcement of a process: {error}") from error


def _record(given: Any, kind: type[Any], apart: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the plain fields of a record, checked."""
    kinds = {"str": str, "int": int, "bool": bool}
    fields = {}
    for name, annotation in kind.__annotations__.items():
        if name in apart:
            continue
        value = given[name]
        if type(value) is not kinds[annotation]:
            raise TypeError(f"{name} is {value!r:.40}")
        fields[name] = _text(value) if annotation == "str" else value
    return fields


def _list(given: Any) -> list[Any]:
    if not isinstance(given, list) or len(given) > _MOST:
        raise TypeError(f"expected a list of at most {_MOST}, received {given!r:.40}")
    return given


def _text(given: Any) -> str:
    if not isinstance(given, str) or len(given) > _LONGEST:
        raise TypeError(f"expected a text of at most {_LONGEST}, received {given!r:.40}")
    return given
