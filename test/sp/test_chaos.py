"""
A robot whose processes are killed, stopped and resumed: it comes back, and is safe meanwhile.

For a few seconds in the usual tests; ``make test-chaos`` does it for five minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
import os
from queue import Empty, Queue
import random
import signal
import subprocess
import sys
import time

import pytest

from edge_perception import messages
from edge_perception.core.stamps import nanoseconds, SECOND
from edge_perception.messages.types import Decision
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.sp import registry
from edge_perception.transport.sp.process import linked, network

PATIENCE = 180.0
BLIND = 3.0  # seconds without images after which nothing but the safe action may be decided


@pytest.fixture
def robot(sees_red: Callable[..., list[str]]) -> Iterator[subprocess.Popen[str]]:
    command = [
        *(sys.executable, "-m", "edge_perception.cli", "up", "--transport=nanomsg"),
        *("--processes=each", *sees_red(timeout=1)),
    ]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        yield running
        running.kill()


class Watch:
    """
    What is decided, as an actuator hears it.

    An image is never decided on again after a newer one: nothing that was said is replayed.
    """

    def __init__(self) -> None:
        self.bus = Bus()
        self._heard: Queue[bytes] = Queue()
        self._newest = 0  # stamp of an image on which something but the safe action was decided
        self.bus.read(End("/wheels", "/decision", "edge_perception/msg/Decision", self._heard.put))

    def decision(self, patience: float = PATIENCE) -> Decision:
        decision = messages.deserialize(self._heard.get(timeout=patience), Decision)
        if not decision.safe:
            stamp = nanoseconds(decision.header.stamp)
            assert stamp >= self._newest
            self._newest = stamp
        return decision

    def until(self, action: str) -> None:
        """Wait for an action, on a fresh image unless it is the safe one."""
        while not self._heard.empty():  # what was said before
            self.decision()
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            decision = self.decision()
            if decision.action == action and (decision.safe or is_fresh(decision)):
                return
        raise TimeoutError(action)

    def blind(self, since: int, seconds: float) -> None:
        """Hear for so long nothing but the safe action and what rests on images before a time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            with suppress(Empty):
                decision = self.decision(left)
                assert decision.safe or nanoseconds(decision.header.stamp) <= since


def is_fresh(decision: Decision) -> bool:
    return time.time_ns() - nanoseconds(decision.header.stamp) < BLIND * SECOND


def pid(name: str) -> int:
    """Return the number of a process, as soon as it is there."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for record in registry.records():
            if record.name == name:
                return record.pid
        time.sleep(0.02)
    raise TimeoutError(name)


def test_killed_and_stopped(robot: subprocess.Popen[str], chaos: float) -> None:
    rng = random.Random(7)
    watch = Watch()
    with linked(watch.bus, network(), lambda request: b""):
        watch.until("go")
        end = time.monotonic() + chaos
        while True:
            victim = rng.choice(["camera", "perception", "decision"])
            if rng.random() < 0.5:
                os.kill(pid(victim), signal.SIGKILL)
                watch.until("go")
            else:
                stopped = pid(victim)
                os.kill(stopped, signal.SIGSTOP)
                try:
                    if victim != "decision":  # which can say nothing then
                        since = time.time_ns()
                        watch.until("halt")
                        watch.blind(since, 0.5)
                finally:
                    with suppress(ProcessLookupError):
                        os.kill(stopped, signal.SIGCONT)
                watch.until("go")
            if time.monotonic() >= end:
                break
    robot.send_signal(signal.SIGINT)
    assert robot.wait(PATIENCE) == 0
    assert not list(registry.folder().iterdir())
