"""
What every shell needs to run a node core: slots for its inputs and a thread that calls ``step``.

The freshest message wins: there is one slot an input and no queue, unless the port asks for one,
so that a core that can't keep up works on what is true now, and what it did not get to is counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
import threading
import time
from typing import Any

from edge_perception import messages
from edge_perception.core.node import Diagnostic, NodeCore, Outputs, Port, Traffic
from edge_perception.core.parameters import Parameters
from edge_perception.transport.threads import name_thread

PAUSE_AFTER_ERROR = 0.1  # seconds; a core that fails at once must not take a whole CPU
DIAGNOSTICS_PERIOD = 0.2  # seconds between two looks at the core's state
STOP_TIMEOUT = 3.0  # seconds that a step may take to end after `Worker.stop`
CLOCK_STANDS = 1.0  # seconds of real time in which the clock must advance
STANDING = "the clock stands still, so nothing tells how old the inputs are"


class Slots:
    """
    The newest serialised messages of each input: one, or as many as its queue holds.

    :ivar prompt: the inputs whose messages end the wait.
    """

    def __init__(self, ports: Iterable[Port], fetch: Callable[[], None] = lambda: None) -> None:
        """
        Begin empty.

        :param fetch: puts what has come on inputs that aren't prompt
        """
        ports = tuple(ports)
        self.prompt = {port.name for port in ports if port.prompt}
        self._fetch = fetch
        self._length = {port.name: max(1, port.queue) for port in ports}
        self._intervals = {port.name: port.interval for port in ports if port.interval}
        self._looked = dict.fromkeys(self._intervals, float("-inf"))
        self.traffic = {name: Traffic() for name in self._length}
        self._waiting: dict[str, deque[bytes]] = {}
        self._lock = threading.Lock()
        self._calls: SimpleQueue[None] = SimpleQueue()
        self._closed = False

    def put(self, port: str, data: bytes) -> None:
        """Store a message, in place of the oldest if there is no room left."""
        with self._lock:
            waiting = self._waiting.setdefault(port, deque(maxlen=self._length[port]))
            traffic = self.traffic[port]
            traffic.received += 1
            traffic.dropped += len(waiting) == waiting.maxlen
            waiting.append(data)
            if port in self.prompt:
                self._calls.put(None)

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
            self._fetch()
        with self._lock:
            while not self._calls.empty():
                self._calls.get()
            taken, self._waiting = self._waiting, {}
            for port in resting.intersection(taken):
                self._waiting[port] = taken.pop(port)
            return taken

    def close(self) -> None:
        """Let nobody wait any more."""
        self._closed = True
        self._calls.put(None)

    def _resting(self) -> set[str]:
        """Return the ports that were looked at so shortly before that they aren't now."""
        now = time.monotonic()
        resting = set()
        for port, interval in self._intervals.items():
            if port not in self.prompt and now - self._looked[port] < interval:
                resting.add(port)
            else:
                self._looked[port] = now
        return resting


@dataclass
class Failures:
    """What went wrong in ``step``: how often, when last (monotonic seconds) and what."""

    count: int = 0
    last: float = float("-inf")
    reason: str = ""


class Standing:
    """For how long the time has not changed: simulated time may stop while the robot runs."""

    def __init__(self) -> None:
        self._time = 0
        self._since = time.monotonic()

    def seconds(self, now: int) -> float:
        """Return for how many seconds of real time it has been ``now``."""
        moment = time.monotonic()
        if now != self._time:
            self._time, self._since = now, moment
        return moment - self._since


class Worker:
    """
    The thread in which a core works.

    ``step`` and ``diagnostics`` are called in this thread alone, so a core needs no locks.

    :ivar standing: whether the clock stops.
    :ivar failures: exceptions that came out of ``step``; the core goes on with the next input.
    :ivar diagnostics: what the core last said of itself.
    """

    def __init__(
        self,
        core: NodeCore,
        ports: Sequence[Port],
        now: Callable[[], int],
        publish: Callable[[Outputs], None],
        report: Callable[[Exception], None],
        name: str,
        fetch: Callable[[], None] = lambda: None,
    ) -> None:
        """
        Prepare the thread without starting it.

        :param ports: the core's inputs.
        :param now: the time in nanoseconds; 0 while it isn't known.
        :param publish: is given what ``step`` returns.
        :param report: is told of exceptions.
        :param name: of the thread.
        :param fetch: puts into the slots what has come on inputs that aren't prompt.
        """
        self.slots = Slots(ports, fetch)
        self.failures = Failures()
        self.standing = Standing()
        self.diagnostics: Sequence[Diagnostic] = ()
        core.traffic = self.slots.traffic
        self._core = core
        self._types = {port.name: messages.get(port.type) for port in ports}
        self._queued = {port.name for port in ports if port.queue}
        self._now, self._publish, self._report = now, publish, report
        self._changes: SimpleQueue[Parameters] = SimpleQueue()
        self._busy_since: float | None = None
        self._asked = float("-inf")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start calling ``step``."""
        self._thread.start()

    def adapt(self, parameters: Parameters) -> None:
        """Give the core new values of its parameters before its next step."""
        self._changes.put(parameters)

    def halt(self) -> None:
        """Let the thread end after the step that is under way, and don't wait for that."""
        self._stopping.set()
        self.slots.close()

    def stop(self) -> bool:
        """
        End the thread after the step that is under way, whose result is published no more.

        :returns: whether it ended; a step that hangs in a device does not.
        """
        self.halt()
        if self._thread.is_alive():
            self._thread.join(STOP_TIMEOUT)
        return not self._thread.is_alive()

    def busy(self) -> float:
        """Return for how many seconds the current step has been running."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def publish_safe_state(self, reason: str) -> None:
        """Publish what makes those who obey the core safe."""
        try:
            self._publish(self._core.safe_state(self._now(), reason))
        except Exception as error:
            self._report(error)

    def _run(self) -> None:
        name_thread(self._thread.name)
        while not self._stopping.is_set():
            self._turn()
        self._adapt()
        self.publish_safe_state("the node was stopped")

    def _turn(self) -> None:
        """Wait for messages or the core's period, and call ``step``."""
        waiting = self.slots.take(self._core.period())
        now = self._now()
        if self._stopping.is_set():
            return
        if not now:  # simulated time that has not begun
            self._stopping.wait(PAUSE_AFTER_ERROR)
            return
        try:
            self._busy_since = time.monotonic()
            self._step(waiting, now)
        except Exception as error:
            self.failures.count += 1
            self.failures.last = time.monotonic()
            self.failures.reason = f"{type(error).__name__}: {error}"
            self._report(error)
            self.publish_safe_state(f"a step failed: {self.failures.reason}")
            self._stopping.wait(PAUSE_AFTER_ERROR)
        finally:
            self._busy_since = None

    def _adapt(self) -> None:
        while not self._changes.empty():
            self._core.adapt(self._changes.get())

    def _step(self, waiting: dict[str, deque[bytes]], now: int) -> None:
        self._adapt()
        inputs: dict[str, Any] = {}
        for port, came in waiting.items():
            read = [messages.deserialize(data, self._types[port]) for data in came]
            inputs[port] = read if port in self._queued else read[0]
        outputs = self._core.step(inputs, now)
        standing = self.standing.seconds(now)
        if standing > CLOCK_STANDS and (safe := self._core.safe_state(now, STANDING)):
            outputs = safe
        if not self._stopping.is_set():  # what a step says that took too long is not the last word
            self._publish(outputs)
        if time.monotonic() - self._asked >= DIAGNOSTICS_PERIOD:
            self._asked = time.monotonic()
            self.diagnostics = tuple(self._core.diagnostics(now))
