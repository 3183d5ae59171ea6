"""Links as slow and unreliable as a profile says: when bytes arrive, by a clock of the test's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
import json
import subprocess
import sys

import pytest

from edge_perception.cloud.line import Gaps, Line
from edge_perception.cloud.link import Link, LOOPBACK
from edge_perception.cloud.profiles import (
    AS_IT_IS,
    BY_NAME,
    Profile,
    PROFILES,
    Range,
    Stalls,
    UNLIMITED,
)

PATIENCE = 60.0
FIXED = Profile("fixed", "", Range(0.1, 0.1), Range(300.0, 300.0), Range(1e6, 1e6))
NEVER = Gaps(AS_IT_IS, 0)


class Clock:
    """Stands still until the test says what time it is."""

    def __init__(self) -> None:
        self.time = 0.0
        self.waiting: list[tuple[float, asyncio.Future[None]]] = []
        self._changed = asyncio.Event()

    def now(self) -> float:
        return self.time

    async def until(self, moment: float) -> None:
        if moment > self.time:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.waiting.append((moment, future))
            self._changed.set()
            await future

    async def go_on(self) -> float:
        """Let the time be the next one that somebody waits for, and return it."""
        while not (waiting := [one for one in self.waiting if not one[1].done()]):
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), PATIENCE)
        self.time, future = min(waiting, key=lambda one: one[0])
        future.set_result(None)
        return self.time


def test_bytes_leave_at_the_rate_and_arrive_after_the_delay() -> None:
    line = Line(Range(0.1, 0.1), Range(1000.0, 1000.0), NEVER, 0)
    assert line.send(1.0, 500) == pytest.approx((1.5, 1.6))
    assert line.send(1.1, 500) == pytest.approx((2.0, 2.1))  # behind those before
    assert line.send(9.0, 100) == pytest.approx((9.1, 9.2))


def test_nothing_is_overtaken_and_chance_is_drawn_when_nothing_is_under_way() -> None:
    line, again = (Line(Range(0.0, 1.0), UNLIMITED, NEVER, 7) for _ in range(2))
    now, delays = 0.0, []
    for _ in range(1000):
        _, first = line.send(now, 10)
        _, second = line.send(now, 10)
        assert first == second
        delays.append(first - now)
        assert again.send(now, 10)[1] == first  # the same seed
        now = first + 0.001
    assert 0.0 < min(delays) < 0.01
    assert 0.99 < max(delays) < 1.0
    assert 0.45 < sum(delays) / 1000 < 0.55
    _, late = line.send(now, 10)
    assert line.send((now + late) / 2, 10)[1] >= late


def test_an_outage_holds_bytes_back() -> None:
    gaps = Gaps(BY_NAME["outage"], 0)
    assert gaps.after(15.0) == 15.0  # it has not begun
    gaps.begin(100.0)
    assert [gaps.after(one) for one in (109.9, 110.0, 119.9, 120.0)] == [
        109.9,
        120.0,
        120.0,
        120.0,
    ]
    line = Line(Range(0.5, 0.5), UNLIMITED, gaps, 0)
    assert line.send(109.0, 1)[1] == 109.5
    assert line.send(109.8, 1) == (109.8, 120.0)  # what would arrive meanwhile comes behind it
    assert line.send(112.0, 1) == (120.0, 120.5)


def test_stalls_come_as_often_and_last_as_long_as_said() -> None:
    stalls = Stalls(3.0, Range(0.5, 1.5))
    profile = replace(AS_IT_IS, stalls=stalls)
    gaps, step, blocked, count = Gaps(profile, 3), 0.05, 0, 0
    gaps.begin(0.0)
    before = False
    for number in range(20_000):
        held = gaps.after(number * step) != number * step
        blocked, count = blocked + held, count + (held and not before)
        before = held
    seconds = 20_000 * step
    assert count == pytest.approx(seconds / 4.0, rel=0.15)  # 3 s between them, 1 s each
    assert blocked * step == pytest.approx(seconds / 4.0, rel=0.15)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda one: one.name)
def test_what_profiles_say(profile: Profile) -> None:
    """An image of 227 x 227 as the network is shown it, there; a small answer back."""
    gaps = Gaps(profile, 1)
    up, down = (Line(profile.delay, rate, gaps, 1) for rate in (profile.up, profile.down))
    now, took = 0.0, []
    for _ in range(200):
        _, arrived = up.send(now, 618_348)
        _, back = down.send(arrived, 4_000)
        took.append(back - now)
        now = back + 0.1
    least, most = {
        "lan": (0.005, 0.008),
        "wifi": (0.03, 0.12),
        "lte": (0.28, 0.72),
        "far": (0.29, 0.42),
        "article": (2.0, 5.2),
        "stalls": (0.03, 0.12),
        "outage": (0.03, 0.12),
    }[profile.name]
    assert least < min(took) <= max(took) < most
    assert 1.5 * min(took) < max(took) or profile.name in ("lan", "far")


def run(check: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(check(), PATIENCE)

    asyncio.run(bounded())


@asynccontextmanager
async def linked(
    profile: Profile, answer: bytes
) -> AsyncIterator[tuple[Link, Clock, asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect through a link to a server that answers what it is told, once."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told = await reader.readexactly(len(QUESTION))
        writer.write(told[::-1] + answer)
        writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    clock = Clock()
    link = Link(profile, server.sockets[0].getsockname()[:2], 0, clock)
    link.begin()
    reader, writer = await asyncio.open_connection(LOOPBACK, await link.listen())
    try:
        yield link, clock, reader, writer
    finally:
        writer.close()
        await link.close()
        server.close()


QUESTION = b"what do you see"


def test_a_connection_through_a_link() -> None:
    async def check() -> None:
        async with linked(FIXED, b"!" * 1000) as (link, clock, reader, writer):
            writer.write(QUESTION)
            moments = [await clock.go_on() for _ in range(2)]
            assert moments == pytest.approx([0.1, 0.2])  # connecting: there and back
            begin = clock.time
            more, arrived = await clock.go_on(), await clock.go_on()
            assert more - begin == pytest.approx(0.05 - 0.005)  # when more would be taken
            assert arrived - begin == pytest.approx(0.05 + 0.1)
            size = len(QUESTION) + 1000
            came = asyncio.ensure_future(reader.readexactly(size))
            while not came.done():
                if any(not future.done() for _, future in clock.waiting):
                    await clock.go_on()
                else:
                    await asyncio.wait([came], timeout=0.01)
            assert await came == QUESTION[::-1] + b"!" * 1000
            assert clock.time - arrived == pytest.approx(size / 1e6 + 0.1)
            assert (link.traffic.up, link.traffic.down) == (len(QUESTION), size)

    run(check)


def test_a_connection_made_in_an_outage_hangs() -> None:
    profile = replace(AS_IT_IS, outage=(0.0, 10.0))

    async def check() -> None:
        async with linked(profile, b"") as (_, clock, reader, writer):
            writer.write(QUESTION)
            assert await clock.go_on() == 10.0
            assert await reader.read() == QUESTION[::-1]

    run(check)


@pytest.mark.parametrize("listens", [True, False])
def test_a_server_that_is_gone_ends_the_connection(listens: bool) -> None:
    async def check() -> None:
        server = await asyncio.start_server(lambda _, writer: writer.close(), LOOPBACK, 0)
        link = Link(AS_IT_IS, server.sockets[0].getsockname()[:2], 0, Clock())
        if not listens:
            server.close()
            await server.wait_closed()
        reader, writer = await asyncio.open_connection(LOOPBACK, await link.listen())
        writer.write(QUESTION)
        with suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
        await link.close()
        server.close()

    run(check)


def test_a_link_in_a_process_of_its_own() -> None:
    async def check() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readexactly(len(QUESTION)))
            writer.close()

        server = await asyncio.start_server(serve, LOOPBACK, 0)
        port = server.sockets[0].getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "edge_perception.cloud.link"),
            *(LOOPBACK, str(port), AS_IT_IS.name, "1"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            link, begun = int(await process.stdout.readline()), b""
            for _ in range(2):  # what came before it was told to begin does not count
                reader, writer = await asyncio.open_connection(LOOPBACK, link)
                writer.write(QUESTION)
                assert await reader.read() == QUESTION
                writer.close()
                if not begun:
                    process.stdin.write(b"begin\n")
                    begun = await process.stdout.readline()
            process.stdin.close()
            said = json.loads(await process.stdout.readline())
            assert begun == b"begun\n"
            assert said == {"up": len(QUESTION), "down": len(QUESTION)}
            assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
            server.close()

    run(check)
