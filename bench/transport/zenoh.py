"""
Zenoh in place of nanomsg below the same transport: ``python -m bench.transport.zenoh up ...``.

It is `edge-robot` with one more implementation of the sockets. Processes find each other through
the first of them, and then speak directly.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
import functools
import itertools
import json
import os
from pathlib import Path
import socket
import sys
from typing import Any

from bench import environments
from edge_perception.transport.sp import choice
from edge_perception.transport.sp.address import Address, Identity
from edge_perception.transport.sp.sockets import CallError

NAME, PORT = "zenoh", "EDGE_BENCH_ZENOH"
"""What the implementation is called, and the environment variable with the first one's port."""
_COUNT = itertools.count()


def packages() -> Path:
    """Return the folder with Zenoh's package, installed if need be."""
    python = environments.install(NAME, "--no-deps", "eclipse-zenoh")
    [site] = python.parent.parent.glob("lib/*/site-packages")
    return site


@functools.cache
def environment() -> dict[str, str]:
    """Return the environment of processes that are to use it, with a port for the first one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    path = os.pathsep.join([str(packages()), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {choice.CHOICE: NAME, PORT: port, "PYTHONPATH": path}


def offer() -> None:
    """Let the implementation be chosen in this process."""
    if (site := str(packages())) not in sys.path:
        sys.path.append(site)
    choice.IMPLEMENTATIONS[NAME] = f"{__name__}:ZenohSockets"


class ZenohPublisher:
    """A publisher: `transport.sp.sockets.Publisher`; its readers show that they live."""

    def __init__(
        self,
        address: Address,
        identity: Identity | None,
        joined: Callable[[int], None],
        depth: int,
    ) -> None:
        self.address, key = _own_key()
        self._joined, self._readers = joined, set[str]()
        self._publisher = session().declare_publisher(key)
        self._watch = (
            session()
            .liveliness()
            .declare_subscriber(f"{key}/readers/*", self._changed, history=True)
        )

    def send(self, head: bytes, data: bytes) -> None:
        """Send a message of two parts to all."""
        self._publisher.put(head + data)

    def close(self) -> None:
        """End."""
        self._watch.undeclare()
        self._publisher.undeclare()

    def _changed(self, sample: Any) -> None:
        import zenoh

        reader = str(sample.key_expr)
        if sample.kind == zenoh.SampleKind.PUT:
            self._readers.add(reader)
        else:
            self._readers.discard(reader)
        self._joined(len(self._readers))


class ZenohSubscriber:
    """A subscriber: `transport.sp.sockets.Subscriber`."""

    def __init__(
        self, address: Address, identity: Identity | None, prefix: bytes, depth: int
    ) -> None:
        key = _key(address)
        self._prefix = prefix
        self._waiting: deque[bytes] = deque(maxlen=depth)
        self._ready = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._subscriber = session().declare_subscriber(key, self._received)
        reader = f"{key}/readers/{os.getpid()}.{next(_COUNT)}"
        self._token = session().liveliness().declare_token(reader)

    def fileno(self) -> int:
        """Return a file descriptor that can be read while there is a message."""
        return self._ready

    def receive(self) -> bytes | None:
        """Return the next message; None if there is none."""
        with suppress(BlockingIOError):
            os.eventfd_read(self._ready)
        with suppress(IndexError):
            return self._waiting.popleft()
        return None

    def close(self) -> None:
        """End."""
        self._token.undeclare()
        self._subscriber.undeclare()
        os.close(self._ready)

    def _received(self, sample: Any) -> None:
        data = bytes(sample.payload)
        if data.startswith(self._prefix):
            self._waiting.append(data)
            os.eventfd_write(self._ready, 1)


class ZenohServer:
    """Answers requests: `transport.sp.sockets.Server`."""

    def __init__(
        self, address: Address, identity: Identity | None, answer: Callable[[bytes], bytes]
    ) -> None:
        self.address, key = _own_key()
        self._queryable = session().declare_queryable(
            key, lambda query: query.reply(key, answer(bytes(query.payload)))
        )

    def close(self) -> None:
        """End."""
        self._queryable.undeclare()


class ZenohSockets:
    """The implementation: `transport.sp.sockets.Sockets`."""

    publisher, subscriber, server = ZenohPublisher, ZenohSubscriber, ZenohServer

    def call(
        self, address: Address, identity: Identity | None, request: bytes, timeout: float
    ) -> bytes:
        """Send a request and return what is answered."""
        for reply in session().get(_key(address), payload=request, timeout=timeout):
            if reply.ok is not None:
                return bytes(reply.ok.payload)
        raise CallError(f"{address} does not answer within {timeout:g} s")


def _own_key() -> tuple[Address, str]:
    """Return a new address of this process, and its key."""
    address = Address("inproc", path=f"{os.getpid()}/{next(_COUNT)}")
    return address, _key(address)


def _key(address: Address) -> str:
    return f"edge-robot/{address.path}"


@functools.cache
def session() -> Any:
    """Return this process's, opened when it is needed first: threads don't survive a fork."""
    import zenoh

    first = f"tcp/127.0.0.1:{os.environ[PORT]}"
    with suppress(zenoh.ZError):  # which another process has taken
        return zenoh.open(_config({"listen/endpoints": [first]}))
    ends = {"listen/endpoints": ["tcp/127.0.0.1:0"], "connect/endpoints": [first]}
    return zenoh.open(_config(ends))


def _config(values: dict[str, list[str]]) -> Any:
    import zenoh

    config = zenoh.Config()
    config.insert_json5("mode", json.dumps("peer"))
    config.insert_json5("scouting/multicast/enabled", "false")
    for key, value in values.items():
        config.insert_json5(key, json.dumps(value))
    return config


if __name__ == "__main__":
    from bench.transport import zenoh as module
    from edge_perception import cli

    module.offer()  # by the name of the module, not that of a program
    sys.exit(cli.main())
