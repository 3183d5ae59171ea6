"""The thread that serves all plain sockets of a process."""

from __future__ import annotations

from collections.abc import Callable
import functools
import heapq
import itertools
import os
from queue import Empty, SimpleQueue
import selectors
import threading
import time
from typing import Any

from edge_perception.transport.threads import name_thread


class Loop:
    """Calls what waits for files and times, in one thread; `soon` may come from any thread."""

    def __init__(self) -> None:
        """Start the thread."""
        self._selector = selectors.DefaultSelector()
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._selector.register(self._wake, selectors.EVENT_READ, self._woken)
        self._thread = threading.Thread(target=self._run, name="sockets", daemon=True)
        self._thread.start()

    def soon(self, act: Callable[[], None]) -> None:
        """Act in the thread."""
        self._calls.put(act)
        os.eventfd_write(self._wake, 1)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Act in the thread, after so many seconds."""
        self.soon(
            lambda: heapq.heappush(
                self._timers, (time.monotonic() + seconds, next(self._count), act)
            )
        )

    def do(self, act: Callable[[], None]) -> None:
        """Act in the thread, and wait until it is done."""
        if threading.current_thread() is self._thread:
            act()
            return
        done = threading.Event()

        def act_and_tell() -> None:
            try:
                act()
            finally:
                done.set()

        self.soon(act_and_tell)
        done.wait()

    def watch(self, file: Any, events: int, ready: Callable[[int], None]) -> None:
        """Call ``ready`` with the events that a file is ready for; in the thread only."""
        try:
            self._selector.modify(file, events, ready)
        except KeyError:
            self._selector.register(file, events, ready)

    def forget(self, file: Any) -> None:
        """Watch a file no more; in the thread only."""
        try:
            self._selector.unregister(file)
        except (KeyError, ValueError):  # it was never watched, or is closed
            return

    def _woken(self, events: int) -> None:
        os.eventfd_read(self._wake)

    def _run(self) -> None:
        name_thread(self._thread.name)
        while True:
            left = max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None
            for key, events in self._selector.select(left):
                key.data(events)
            while self._timers and self._timers[0][0] <= time.monotonic():
                heapq.heappop(self._timers)[2]()
            try:
                while True:
                    self._calls.get_nowait()()
            except Empty:
                continue


@functools.cache
def loop() -> Loop:
    """Return that of this process."""
    return Loop()
