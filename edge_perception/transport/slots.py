"""
The slots in which messages wait for a core.

The freshest message wins: there is one slot an input and no queue, unless the port asks for one,
so that a core that can't keep up works on what is true now, and what it did not get to is counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
import threading
import time

from edge_perception.core.node import Port, Traffic


class Slots:
    """
    The newest serialised messages of each input: one, or as many as its queue holds.

    :ivar prompt: the inputs whose messages end the wait.
    """

    def __init__(
        self,
        ports: Iterable[Port],
        fetch: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Begin empty.

        :param fetch: puts what has come on inputs that aren't prompt.
        :param monotonic: seconds, by which their intervals are measured.
        """
        ports = tuple(ports)
        self.prompt = {port.name for port in ports if port.prompt}
        self._fetch, self._monotonic = fetch, monotonic
        self._length = {port.name: max(1, port.queue) for port in ports}
        self._intervals = {port.name: port.interval for port in ports if port.interval}
        self._fetched = float("-inf")
        self._looked = dict.fromkeys(self._intervals, float("-inf"))
        self.traffic = {name: Traffic() for name in self._length}
        self._waiting: dict[str, deque[bytes]] = {}
        self._lock = threading.Lock()
        self._calls: SimpleQueue[None] = SimpleQueue()
        self._closed = False

    def put(self, port: str, data: bytes) -> None:
        """Store a message, in place of the oldest if there is no room left."""
        with self._lock:
            waiting = self._waiting.get(port)
            if waiting is None:
                waiting = self._waiting[port] = deque(maxlen=self._length[port])
            traffic = self.traffic[port]
            traffic.received += 1
            traffic.dropped += len(waiting) == waiting.maxlen
            waiting.append(data)
            if port in self.prompt:
                self._calls.put(None)

    def fetch(self, older: float = 0.0) -> None:
        """Put what came on inputs that aren't prompt, if it wasn't done in the last seconds."""
        now = self._monotonic()
        if now - self._fetched >= older:
            self._fetched = now
            self._fetch()

    def take(self, timeout: float) -> dict[str, deque[bytes]]:
        """
        Wait until there is a prompt message, ``timeout`` seconds went by, or `close`; empty all.

        :returns: what each port got that is looked at now, oldest first.
        """
        if not self._closed:
            with suppress(Empty):
                self._calls.get(timeout=timeout)
        resting = self._resting()
        if self._length.keys() - self.prompt - resting:
            self.fetch()
        with self._lock:
            while not self._calls.empty():
                self._calls.get()
            taken, self._waiting = self._waiting, {}
            for port in resting.intersection(taken):
                self._waiting[port] = taken.pop(port)
            return taken

    def is_called(self) -> bool:
        """Tell whether a prompt message waits."""
        return not self._calls.empty()

    def close(self) -> None:
        """Let nobody wait any more."""
        self._closed = True
        self._calls.put(None)

    def _resting(self) -> set[str]:
        """Return the ports that were looked at so shortly before that they aren't now."""
        now = self._monotonic()
        resting = set()
        for port, interval in self._intervals.items():
            if port not in self.prompt and now - self._looked[port] < interval:
                resting.add(port)
            else:
                self._looked[port] = now
        return resting
