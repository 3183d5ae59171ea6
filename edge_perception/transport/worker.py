"""What every shell needs to run a node core: it calls ``step`` with what is in the slots."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
import threading
import time
from typing import Any

from edge_perception import messages
from edge_perception.core.node import Diagnostic, NodeCore, Outputs, Port
from edge_perception.core.parameters import Parameters
from edge_perception.transport.slots import Slots
from edge_perception.transport.threads import name_thread

PAUSE_AFTER_ERROR = 0.1  # seconds; a core that fails at once must not take a whole CPU
DIAGNOSTICS_PERIOD = 0.2  # seconds between two looks at the core's state
STOP_TIMEOUT = 3.0  # seconds that a step may take to end after `Worker.stop`
CLOCK_STANDS = 1.0  # seconds of real time in which the clock must advance
STANDING = "the clock stands still, so nothing tells how old the inputs are"


@dataclass
class Failures:
    """What went wrong in ``step``: how often, when last (monotonic seconds) and what."""

    count: int = 0
    last: float = float("-inf")
    reason: str = ""


class Standing:
    """For how long the time has not changed: simulated time may stop while the robot runs."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._time = 0
        self._since = monotonic()

    def seconds(self, now: int) -> float:
        """Return for how many seconds of real time it has been ``now``."""
        moment = self._monotonic()
        if now != self._time:
            self._time, self._since = now, moment
        return moment - self._since


class Worker(ABC):
    """
    Calls a core, never twice at the same time, so a core needs no locks; when, is up to others.

    :ivar slots: of its inputs.
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
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Prepare without calling anything.

        :param ports: the core's inputs.
        :param now: the time in nanoseconds; 0 while it isn't known.
        :param publish: is given what ``step`` returns.
        :param report: is told of exceptions.
        :param name: of the node.
        :param fetch: puts into the slots what has come on inputs that aren't prompt.
        :param monotonic: seconds of a clock that goes on while ``now`` stands still.
        """
        self.name = name
        self.slots = Slots(ports, fetch, monotonic)
        self.failures = Failures()
        self.standing = Standing(monotonic)
        self.diagnostics: Sequence[Diagnostic] = ()
        core.traffic = self.slots.traffic
        self._core = core
        self._types = {port.name: messages.get(port.type) for port in ports}
        self._queued = {port.name for port in ports if port.queue}
        self._now, self._publish, self._report = now, publish, report
        self._monotonic = monotonic
        self._changes: SimpleQueue[Parameters] = SimpleQueue()
        self._busy_since: float | None = None
        self._asked = float("-inf")
        self._stopping = threading.Event()

    @abstractmethod
    def start(self) -> None:
        """Start calling ``step``."""

    @abstractmethod
    def stop(self) -> bool:
        """
        Stop after the step that is under way, whose result is published no more.

        :returns: whether it ended; a step that hangs in a device does not.
        """

    def adapt(self, parameters: Parameters) -> None:
        """Give the core new values of its parameters before its next step."""
        self._changes.put(parameters)

    def halt(self) -> None:
        """Let it stop after the step that is under way, and don't wait for that."""
        self._stopping.set()
        self.slots.close()

    def busy(self) -> float:
        """Return for how many seconds the current step has been running."""
        since = self._busy_since
        return 0.0 if since is None else self._monotonic() - since

    def publish_safe_state(self, reason: str) -> None:
        """Publish what makes those who obey the core safe."""
        try:
            self._publish(self._core.safe_state(self._now(), reason))
        except Exception as error:
            self._report(error)

    def _turn(self, timeout: float) -> bool:
        """
        Wait for messages, but not longer than so many seconds, and call ``step``.

        :returns: whether it could be called and did not fail.
        """
        waiting = self.slots.take(timeout)
        now = self._now()
        if self._stopping.is_set() or not now:  # simulated time that has not begun
            return False
        try:
            self._busy_since = self._monotonic()
            self._step(waiting, now)
        except Exception as error:
            self.failures.count += 1
            self.failures.last = self._monotonic()
            self.failures.reason = f"{type(error).__name__}: {error}"
            self._report(error)
            self.publish_safe_state(f"a step failed: {self.failures.reason}")
            return False
        finally:
            self._busy_since = None
        return True

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
        if self._monotonic() - self._asked >= DIAGNOSTICS_PERIOD:
            self._asked = self._monotonic()
            self.diagnostics = tuple(self._core.diagnostics(now))


class ThreadWorker(Worker):
    """A worker with a thread, in which ``step`` and ``diagnostics`` are called."""

    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self) -> bool:
        """End the thread."""
        self.halt()
        if self._thread is None:
            return True
        self._thread.join(STOP_TIMEOUT)
        return not self._thread.is_alive()

    def _run(self) -> None:
        name_thread(self.name)
        while not self._stopping.is_set():
            if not self._turn(self._core.period()):
                self._stopping.wait(PAUSE_AFTER_ERROR)
        self._adapt()
        self.publish_safe_state("the node was stopped")
