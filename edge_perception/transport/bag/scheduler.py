"""What happens when, in the time of a recording."""

from __future__ import annotations

from collections.abc import Callable
import heapq
from typing import Any, Protocol

from edge_perception.core.stamps import SECOND
from edge_perception.transport.bag.clock import BagClock
from edge_perception.transport.local.bus import Bus, End
from edge_perception.transport.worker import Worker

NEVER = 1 << 63
_SHORTEST = 0.001  # seconds between two steps that nothing asks for
_LONGEST = 60 * SECOND
"""Without an event in the recording, nothing happens for longer than this [ns]."""

Listen = Callable[[int, End, bytes], None]
"""Is told the time of a message [ns], who published it, and its bytes."""


class Task(Protocol):
    """Somebody who has something to do now and then."""

    def due(self) -> int:
        """Return when that is next [ns]; NEVER: there is nothing to do."""

    def run(self) -> None:
        """Do it."""


class BagBus(Bus):
    """
    The topics of a replay.

    What a node publishes is read when its step has ended, in the order of these times.
    """

    def __init__(self, clock: BagClock, listen: Listen) -> None:
        """
        Begin without topics.

        :param listen: is told of all that is published.
        """
        super().__init__()
        self._clock, self._listen = clock, listen
        self._under_way: list[tuple[int, int, End, bytes]] = []
        self._count = 0

    def publish(self, publisher: End, data: bytes, sent: int = 0) -> None:
        """Let a message be read as soon as it is time."""
        self._count += 1
        heapq.heappush(self._under_way, (self._clock.now(), self._count, publisher, data))

    def due(self) -> int:
        """Return when the next message is to be read."""
        return self._under_way[0][0] if self._under_way else NEVER

    def run(self) -> None:
        """Give it to its readers."""
        time, _, publisher, data = heapq.heappop(self._under_way)
        self._listen(time, publisher, data)
        super().publish(publisher, data)


class BagWorker(Worker):
    """A worker that is called when messages of the recording, or its core's period, ask for it."""

    def __init__(self, clock: BagClock, *arguments: Any) -> None:
        """
        Prepare without calling anything.

        :param arguments: those of every `Worker`.
        """
        super().__init__(*arguments)
        self._clock = clock
        self._active = False
        self._free = self._timer = clock.now()

    def start(self) -> None:
        """Let it work."""
        self._active = True

    def stop(self) -> bool:
        """Let it work no more."""
        self.halt()
        self._active = False
        return True

    def due(self) -> int:
        """Return when it is called next."""
        if not self._active:
            return NEVER
        return self._free if self.slots.is_called() else self._timer

    def run(self) -> None:
        """Call the core."""
        self._clock.work()
        self._turn(0)
        self._free = self._clock.rest()
        self._timer = self._free + round(max(self._core.period(), _SHORTEST) * SECOND)


class Scheduler:
    """Lets tasks do what they have to do, in the order of its time."""

    def __init__(self, clock: BagClock, bus: BagBus) -> None:
        """Begin with the messages that are under way."""
        self._clock = clock
        self.tasks: list[Task] = [bus]

    def worker(self, *arguments: Any) -> BagWorker:
        """Return a worker that is called when it is due."""
        worker = BagWorker(self._clock, *arguments)
        self.tasks.append(worker)
        return worker

    def advance(self, moment: int) -> None:
        """Let everything happen that is due before a moment [ns], and go to it."""
        now = self._clock.now()
        if moment - now > _LONGEST:  # a pause of the recording, or what its clock did
            self._clock.set(moment - _LONGEST)
        while (task := self._next()) and task.due() < moment:
            self._clock.set(task.due())
            task.run()
        self._clock.set(moment)

    def settle(self) -> None:
        """Let everything happen that is due now."""
        while (task := self._next()) and task.due() <= self._clock.now():
            task.run()

    def _next(self) -> Task | None:
        """Return who is the first to do something; of several at the same time, in their order."""
        return min(self.tasks, key=lambda task: task.due(), default=None)
