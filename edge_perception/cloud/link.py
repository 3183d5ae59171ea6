"""
A link to a server that is as slow and as unreliable as a profile says.

It forwards TCP. What a packet would meet is applied to the stream: a lost packet is a delay there,
too, so an outage holds bytes back, and connections that are made meanwhile hang as half-open ones.
The time that TCP itself needs to find its speed, or to try again after an outage, is not added.

``python -m edge_perception.cloud.link HOST PORT PROFILE SEED`` is one in a process of its own, so
that its work is none of the robot's. It prints its port. From a line on standard input on, which
it confirms, stalls and outages come and bytes count; at the end it prints what went through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
import json
import sys
from typing import Protocol

from edge_perception import ending
from edge_perception.cloud.line import Gaps, Line
from edge_perception.cloud.profiles import BY_NAME, Profile

LOOPBACK = "127.0.0.1"
_CHUNK = 16 << 10  # bytes that are taken at once
_UNDER_WAY = 512  # of these, at most
_AHEAD = 0.005  # seconds in which it leaves that are taken at once: timers are not finer than 1 ms


class Clock(Protocol):
    """A time that goes on."""

    def now(self) -> float:
        """Return the time [s]."""

    async def until(self, moment: float) -> None:
        """Wait for a time [s]."""


class LoopClock:
    """The time of the event loop."""

    def now(self) -> float:
        """Return the time [s]."""
        return asyncio.get_running_loop().time()

    async def until(self, moment: float) -> None:
        """Wait for a time [s]."""
        if (left := moment - self.now()) > 0:
            await asyncio.sleep(left)


@dataclass
class Traffic:
    """What went through: bytes from the robot and to it."""

    up: int = 0
    down: int = 0


class Link:
    """
    Forwards what connects to it.

    :ivar traffic: what has left either end since `begin`.
    """

    def __init__(self, profile: Profile, server: tuple[str, int], seed: int, clock: Clock) -> None:
        """
        Begin with nothing under way.

        :param server: its host and port.
        :param seed: of all that is left to chance.
        """
        self._server, self._clock = server, clock
        self._gaps = Gaps(profile, seed)
        self._up = Line(profile.delay, profile.up, self._gaps, seed + 1)
        self._down = Line(profile.delay, profile.down, self._gaps, seed + 2)
        self.traffic = Traffic()
        self._connections: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Let the time of stalls and outages, and the account, begin now."""
        self._gaps.begin(self._clock.now())
        self.traffic = Traffic()

    async def listen(self) -> int:
        """Accept connections from this machine from now on, and return the port."""
        self._listener = await asyncio.start_server(self._accept, LOOPBACK, 0)
        return int(self._listener.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """End all connections."""
        self._listener.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._connect(reader, writer)
        except (OSError, asyncio.CancelledError):  # either end is gone, or the link is to end
            pass
        finally:
            writer.transport.abort()
            self._connections.discard(task)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Let a connection come about, which takes the way there and back, and serve it."""
        for line in (self._up, self._down):
            await self._clock.until(line.send(self._clock.now(), 0)[1])
        theirs, to_them = await asyncio.open_connection(*self._server)
        pumps = [
            asyncio.ensure_future(self._pump(reader, to_them, self._up, self._count_up)),
            asyncio.ensure_future(self._pump(theirs, writer, self._down, self._count_down)),
        ]
        try:
            await asyncio.gather(*pumps)
        finally:
            for pump in pumps:
                pump.cancel()
            to_them.transport.abort()

    def _count_up(self, size: int) -> None:
        self.traffic.up += size

    def _count_down(self, size: int) -> None:
        self.traffic.down += size

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        line: Line,
        count: Callable[[int], None],
    ) -> None:
        """Forward what comes, the end of it, too, when it has arrived."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_UNDER_WAY)
        delivery = asyncio.ensure_future(self._deliver(under_way, writer))
        try:
            while True:
                data = await reader.read(_CHUNK)
                left, arrives = line.send(self._clock.now(), len(data))
                count(len(data))
                await under_way.put((arrives, data))
                if not data:
                    break
                await self._clock.until(left - _AHEAD)
            await delivery
        finally:
            delivery.cancel()

    async def _deliver(
        self, under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        while True:
            arrives, data = await under_way.get()
            await self._clock.until(arrives)
            if not data:
                writer.write_eof()
                return
            writer.write(data)
            await writer.drain()


async def _serve(host: str, port: int, profile: Profile, seed: int) -> None:
    link = Link(profile, (host, port), seed, LoopClock())
    print(await link.listen(), flush=True)
    told = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(told), sys.stdin
    )
    while await told.readline():
        link.begin()
        print("begun", flush=True)
    traffic = link.traffic
    await link.close()
    print(json.dumps(asdict(traffic)), flush=True)


def main() -> int:
    """Serve until the end of standard input."""
    host, port, name, seed = sys.argv[1:]
    ending.at_once()
    asyncio.run(_serve(host, int(port), BY_NAME[name], int(seed)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
