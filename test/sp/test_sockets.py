"""The sockets of both implementations, alone and with each other."""

from __future__ import annotations

from contextlib import closing, ExitStack, suppress
from pathlib import Path
from queue import Queue
import socket
from typing import Any

from processes import next_message, PATIENCE, until
import pytest

from edge_perception.transport.sp import address as addresses
from edge_perception.transport.sp.address import Address, AddressError, Identity
from edge_perception.transport.sp.choice import ChoiceError, choose
from edge_perception.transport.sp.plain import wires
from edge_perception.transport.sp.process import network
from edge_perception.transport.sp.sockets import CallError, Sockets

SCHEMES = ("inproc", "ipc", "tcp", "tls+tcp")
LARGE = bytes(range(256)) * 4000


def free(scheme: str, folder: Path) -> Address:
    if scheme in ("inproc", "ipc"):
        return Address(scheme, path=str(folder / "socket"))
    return Address(scheme, "127.0.0.1")


def own(scheme: str, request: pytest.FixtureRequest, who: str = "ours") -> Identity | None:
    if scheme != "tls+tcp":
        return None
    found: dict[str, Identity] = request.getfixturevalue("identities")
    return found[who]


@pytest.fixture(params=["nng to nng", "plain to plain", "nng to plain", "plain to nng"])
def pair(request: pytest.FixtureRequest) -> tuple[Sockets, Sockets]:
    speaker, _, listener = str(request.param).split()
    if "nng" in (speaker, listener):
        pytest.importorskip("pynng")
    return choose(speaker), choose(listener)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_messages_come_in_order(
    pair: tuple[Sockets, Sockets],
    scheme: str,
    tmp_path: Path,
    stack: ExitStack,
    request: pytest.FixtureRequest,
) -> None:
    if scheme == "inproc" and type(pair[0]) is not type(pair[1]):
        pytest.skip("within a process, one implementation is used")
    counts: Queue[int] = Queue()
    publisher = stack.enter_context(
        closing(pair[0].publisher(free(scheme, tmp_path), own(scheme, request), counts.put, 16))
    )
    subscriber = stack.enter_context(
        closing(pair[1].subscriber(publisher.address, own(scheme, request, "friend"), b"a", 16))
    )
    assert counts.get(timeout=PATIENCE) == 1
    for text in (b"a1", b"b", b"a2", b"a" + LARGE):
        publisher.send(text[:1], text[1:])
    assert next_message(subscriber) == b"a1"
    assert next_message(subscriber) == b"a2"
    assert next_message(subscriber) == b"a" + LARGE


@pytest.mark.parametrize("scheme", ["ipc", "tcp"])
def test_a_publisher_that_comes_back_is_found_again(
    pair: tuple[Sockets, Sockets], scheme: str, tmp_path: Path, stack: ExitStack
) -> None:
    counts: Queue[int] = Queue()
    publisher = pair[0].publisher(free(scheme, tmp_path), None, counts.put, 16)
    subscriber = stack.enter_context(closing(pair[1].subscriber(publisher.address, None, b"", 16)))
    assert counts.get(timeout=PATIENCE) == 1
    publisher.close()
    again: Queue[int] = Queue()
    publisher = stack.enter_context(
        closing(pair[0].publisher(publisher.address, None, again.put, 16))
    )
    until(lambda: (subscriber.receive(), again.qsize())[1])  # who reads sees that it was cut off
    publisher.send(b"x", b"")
    assert next_message(subscriber) == b"x"


def test_the_newest_messages_are_kept(sockets: Sockets, tmp_path: Path, stack: ExitStack) -> None:
    counts: Queue[int] = Queue()
    publisher = stack.enter_context(
        closing(sockets.publisher(free("ipc", tmp_path), None, counts.put, 64))
    )
    subscriber = stack.enter_context(closing(sockets.subscriber(publisher.address, None, b"", 2)))
    watcher = stack.enter_context(closing(sockets.subscriber(publisher.address, None, b"", 64)))
    assert [counts.get(timeout=PATIENCE) for _ in range(2)] == [1, 2]
    for number in range(20):
        publisher.send(b"", bytes([number]))
        assert next_message(watcher) == bytes([number])
    publisher.send(b"", b"last")
    received = []
    while b"last" not in received:
        received.append(next_message(subscriber))
    assert len(received) <= 4  # nng has room for some more on the way


@pytest.mark.parametrize("scheme", SCHEMES)
def test_calls(
    pair: tuple[Sockets, Sockets],
    scheme: str,
    tmp_path: Path,
    stack: ExitStack,
    request: pytest.FixtureRequest,
) -> None:
    if scheme == "inproc" and type(pair[0]) is not type(pair[1]):
        pytest.skip("within a process, one implementation is used")
    server = stack.enter_context(
        closing(
            pair[0].server(
                free(scheme, tmp_path), own(scheme, request), lambda data: data[::-1] + LARGE
            )
        )
    )
    for _ in range(3):
        answer = pair[1].call(server.address, own(scheme, request, "friend"), b"abc", PATIENCE)
        assert answer == b"cba" + LARGE


def test_tls_begins_when_the_connection_is_there(
    identities: dict[str, Identity], monkeypatch: pytest.MonkeyPatch, stack: ExitStack
) -> None:
    def secured(wire: socket.socket, *given: Any, server: bool) -> Any:
        """Put TLS around a client's socket before it is connected, as on a slow network."""
        if server:
            return at_once(wire, *given, server=server)
        peer = wire.getpeername()
        with wire, socket.socket() as late:
            late.setblocking(False)
            made = at_once(late.dup(), *given, server=server)
            late.connect_ex(peer)
        return made

    at_once = wires.secured
    server = stack.enter_context(
        closing(
            choose("plain").server(
                Address("tls+tcp", "127.0.0.1"), identities["ours"], lambda data: data
            )
        )
    )
    monkeypatch.setattr(wires, "secured", secured)
    friend = identities["friend"]
    assert choose("plain").call(server.address, friend, b"abc", PATIENCE) == b"abc"


def test_nobody_answers(sockets: Sockets, tmp_path: Path) -> None:
    with pytest.raises(CallError, match="does not answer"):
        sockets.call(free("ipc", tmp_path), None, b"", 0.1)


@pytest.mark.parametrize("who", ["stranger", None])
def test_only_who_is_trusted_is_connected(
    pair: tuple[Sockets, Sockets],
    identities: dict[str, Identity],
    stack: ExitStack,
    who: str | None,
) -> None:
    counts: Queue[int] = Queue()
    publisher = stack.enter_context(
        closing(
            pair[0].publisher(Address("tls+tcp", "127.0.0.1"), identities["ours"], counts.put, 16)
        )
    )
    if who:
        stranger = pair[1].subscriber(publisher.address, identities[who], b"", 16)
        stack.enter_context(closing(stranger))
    else:
        clear = Address("tcp", publisher.address.host, publisher.address.port)
        stranger = pair[1].subscriber(clear, None, b"", 16)
        stack.enter_context(closing(stranger))
    friend = pair[1].subscriber(publisher.address, identities["friend"], b"", 16)
    stack.enter_context(closing(friend))
    assert counts.get(timeout=PATIENCE) == 1
    publisher.send(b"secret", b"")
    assert next_message(friend) == b"secret"
    assert stranger.receive() is None


def test_who_says_nothing_is_cut_off_and_who_talks_too(sockets: Sockets, tmp_path: Path) -> None:
    with closing(sockets.publisher(free("ipc", tmp_path), None, lambda count: None, 4)) as one:
        for said in (b"GET / HTTP/1.1\r\n\r\n", b"\0SP\0\0\x21\0\0\1" + b"\x7f" + bytes(7)):
            with socket.socket(socket.AF_UNIX) as peer:
                peer.settimeout(PATIENCE)
                peer.connect(one.address.path)
                peer.sendall(said)
                with suppress(ConnectionResetError):
                    while peer.recv(100):
                        pass


@pytest.mark.parametrize(
    "text", ["tcp://127.0.0.1:99999", "udp://a:1", "tcp://127.0.0.1", "ipc://"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(AddressError, match="is no address"):
        addresses.parse(text)


@pytest.mark.parametrize(
    "text", ["tcp://127.0.0.1:7447", "tcp://[::1]:1", "tls+tcp://host:0", "ipc:///a/b"]
)
def test_addresses_are_written_as_they_are_read(text: str) -> None:
    assert str(addresses.parse(text)) == text


def test_the_network_is_not_opened_by_mistake(tmp_path: Path) -> None:
    for text in ("tcp://0.0.0.0:1", "tcp://robot.local:1", "tcp://[::]:1"):
        with pytest.raises(AddressError, match="would open the robot to everybody"):
            addresses.check(addresses.parse(text), None)
    with pytest.raises(AddressError, match="--tls-certificate"):
        addresses.check(addresses.parse("tls+tcp://0.0.0.0:1"), None)
    nowhere = tmp_path / "none.pem"
    with pytest.raises(AddressError, match="there is no such file"):
        addresses.check(addresses.parse("tls+tcp://h:1"), Identity(nowhere, nowhere))
    nowhere.write_text("no certificate")
    with pytest.raises(AddressError, match="expected PEM"):
        network("one", listen="tls+tcp://127.0.0.1:0", identity=Identity(nowhere, nowhere))
    for text in ("tcp://127.0.0.1:1", "ipc:///tmp/x", "tcp://localhost:1", "tcp://[::1]:1"):
        addresses.check(addresses.parse(text), None)


def test_an_address_in_use_is_said(sockets: Sockets) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = Address("tcp", "127.0.0.1", taken.getsockname()[1])
        with pytest.raises(AddressError, match="can't listen at"):
            sockets.publisher(address, None, lambda count: None, 1)


def test_an_implementation_that_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_ROBOT_SP", "zmq")
    with pytest.raises(ChoiceError, match="expected plain or nng"):
        choose()
