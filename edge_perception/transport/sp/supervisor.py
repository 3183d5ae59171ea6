"""
Processes with nodes, started again when they end, and spoken for when they were killed.

A child writes lines of JSON to a pipe: that it is ready, and what is to be published in its place
if it is killed. When the supervisor itself ends, however that is, so do its children: each waits
for it (`ending.PARENT`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import json
import os
import random
import select
import signal
import threading
import time
from typing import Any, Protocol

from edge_perception.transport.endpoints import Words
from edge_perception.transport.sp.announcement import Child
from edge_perception.transport.threads import name_thread

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0  # seconds before a process is started again
STEADY = 10.0  # seconds of work after which it is as if it had never ended
LONGEST_END = 8.0  # seconds in which a process must end when it is told to
_CHUNK = 1 << 16


class Process(Protocol):
    """A process that was started."""

    pid: int
    end: int
    """A descriptor that can be read when it has ended."""

    def poll(self) -> int | None:
        """Return its exit code, negative the signal that killed it; None while it runs."""

    def wait(self, seconds: float) -> bool:
        """Wait until it has ended; return whether it has."""

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""

    def close(self) -> None:
        """Look at it no more."""


class _Running:
    """A process, and what became of those before it of the same name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.restarts = -1
        self.reason = ""
        self.ready = self.was_ready = False
        self.due = time.monotonic()
        self.words: dict[str, Words] = {}
        self.process: Process | None = None
        self.pipe = -1  # a descriptor of what it says
        self._pause = FIRST_PAUSE
        self._since = 0.0
        self._rest = b""

    def start(self, start: Callable[[str, int], Process]) -> None:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        self.process, self.pipe = start(self.name, writing), reading
        os.close(writing)
        self.restarts += 1
        self.ready, self._since, self._rest = False, time.monotonic(), b""

    def hear(self) -> None:
        """Read what it has to say."""
        if self.pipe < 0:
            return
        try:
            while data := os.read(self.pipe, _CHUNK):
                *lines, self._rest = (self._rest + data).split(b"\n")
                for line in lines:
                    self._take(json.loads(line))
        except BlockingIOError:
            return
        self._close_pipe()

    def has_ended(self) -> bool:
        """Tell whether it ended, and if so, note why, and when it is started again."""
        if self.process is None or (code := self.process.poll()) is None:
            return False
        self.hear()
        self.reason = _reason(code)
        self._close_pipe()
        self.process.close()
        self.process, self.ready = None, False
        if time.monotonic() - self._since > STEADY:
            self._pause = FIRST_PAUSE
        self.due = time.monotonic() + random.uniform(self._pause / 2, self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        return True

    def describe(self) -> Child:
        if self.process is not None:
            state = "running" if self.ready else "starting"
        else:
            state = "ended" if self.due == float("inf") else "waiting"
        pid = self.process.pid if self.process else 0
        return Child(self.name, pid, state, max(0, self.restarts), self.reason)

    def _close_pipe(self) -> None:
        if self.pipe >= 0:
            os.close(self.pipe)
            self.pipe = -1

    def _take(self, said: dict[str, Any]) -> None:
        if said.get("ready"):
            self.ready = self.was_ready = True
        if "node" in said:
            words = [(topic, kind, bytes.fromhex(data)) for topic, kind, data in said["words"]]
            self.words[said["node"]] = words


class Supervisor:
    """Keeps processes running, in a thread."""

    def __init__(
        self,
        names: Sequence[str],
        start: Callable[[str, int], Process],
        speak: Callable[[dict[str, Words]], None],
        changed: Callable[[Sequence[Child]], None],
        fail: Callable[[str], None],
    ) -> None:
        """
        Prepare the thread.

        :param start: starts a process, given its name and the descriptor of its `Voice`
        :param speak: is given what is to be published for those that were killed, by node; empty:
            they are back
        :param changed: is told of all processes when something about one has changed
        :param fail: is told why the robot can't be started
        """
        self._running = [_Running(name) for name in names]
        self._start, self._speak, self._changed, self._fail = start, speak, changed, fail
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def __enter__(self) -> Supervisor:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended = True
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        processes = [one.process for one in self._running if one.process is not None]
        for process in processes:
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGCONT)  # or one that is stopped doesn't hear it
        end = time.monotonic() + LONGEST_END
        for process in processes:
            if not process.wait(max(0.0, end - time.monotonic())):
                process.send_signal(signal.SIGKILL)
                process.wait(LONGEST_END)

    def _run(self) -> None:
        name_thread(self._thread.name)
        before: Sequence[Child] = ()
        while not self._ended:
            for one in self._running:
                self._look_after(one)
            if (now := [one.describe() for one in self._running]) != before:
                before = now
                self._changed(now)
            self._wait()

    def _look_after(self, one: _Running) -> None:
        if one.process is not None:
            was_ready = one.ready
            one.hear()
            if one.ready and not was_ready:
                self._say()
        if one.has_ended():
            if not one.was_ready:
                self._fail(f"the process {one.name} {one.reason} before it worked: see above")
                one.due = float("inf")
                return
            self._say()
        if one.process is None and time.monotonic() >= one.due:
            try:
                one.start(self._start)
            except Exception as error:
                one.due = float("inf")
                self._fail(str(error))

    def _say(self) -> None:
        """Speak for all that are not there."""
        self._speak(
            {
                node: words
                for one in self._running
                if not one.ready
                for node, words in one.words.items()
                if words
            }
        )

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        for one in self._running:
            if one.process is not None:
                poll.register(one.process.end, select.POLLIN)
            if one.pipe >= 0:
                poll.register(one.pipe, select.POLLIN)
        due = [one.due for one in self._running if one.process is None]
        left = min(due, default=float("inf")) - time.monotonic()
        poll.poll(None if left == float("inf") else max(0.0, left) * 1000)


class Voice:
    """What a child tells its supervisor."""

    def __init__(self, file: int = -1) -> None:
        """
        Begin.

        :param file: the descriptor of the pipe; -1: there is no supervisor
        """
        self._file = file

    def ready(self) -> None:
        """Say that all nodes are active."""
        self._write({"ready": True})

    def hold(self, node: str, words: Words) -> None:
        """Say what is to be published for a node if this process is killed."""
        written = [[topic, kind, data.hex()] for topic, kind, data in words]
        self._write({"node": node, "words": written})

    def _write(self, said: dict[str, Any]) -> None:
        if self._file >= 0:
            os.write(self._file, f"{json.dumps(said)}\n".encode())


def _reason(code: int) -> str:
    """Return how a process ended."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
