"""The node that plays a bag: the same on every transport."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from edge_perception import messages
from edge_perception.bags.bag import Bag
from edge_perception.bags.record import BagError
from edge_perception.core.node import Inputs, NodeCore, Outputs, Port, Ports
from edge_perception.core.parameters import Parameters
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.messages import Message
from edge_perception.messages.types import Clock

CLOCK = Port("clock", "rosgraph_msgs/msg/Clock", "/clock", sole=True)
_TICK = 0.01
"""Seconds between two times on /clock, if there is no message between them."""
_LEAD_IN, _LEAD_OUT = SECOND, SECOND // 5
"""By how much time begins before the first message, and goes on after the last one [ns]."""
_PATIENCE = 10 * SECOND
"""How long it waits for readers of all topics, before it begins without them [ns]."""


class PlayerCore(NodeCore):
    """
    Publish what is recorded when it is time, and that time on /clock.

    :ivar begin: time of the first message [ns].
    :ivar reached: time of the newest message of the bag that was due [ns]; 0: none was.
    :ivar count: of messages that were published.
    :ivar is_done: whether all were.
    :ivar ended: is called then.
    """

    def __init__(self, bag: Bag, ports: Mapping[str, Port], rate: float) -> None:
        """
        Begin before the first message.

        :param ports: by the topic of the bag, the output on which its messages are published;
            other topics are left out.
        :param rate: times real time.
        :raises BagError: if the bag can't be read, or has no message.
        """
        self._records = bag.records()
        self._next = next(self._records, None)
        if self._next is None:
            raise BagError(f"{bag.path} has no message that can be played")
        self.begin, self.reached, self.count, self.is_done = self._next.time, 0, 0, False
        self.ended: Callable[[], None] = lambda: None
        self._ports, self._rate, self._problems = ports, rate, bag.problems
        self._made = self._started = self._now = 0

    def ports(self, parameters: Parameters) -> Ports:
        """Return the topics that are published."""
        return Ports((), (CLOCK, *self._ports.values()))

    def period(self) -> float:
        """Return the time until the next message, or until that on /clock is due."""
        if self._next is None or not self._started:
            return _TICK
        due = (self._next.time - self._time(self._now)) / self._rate / SECOND
        return min(max(0.0, due), _TICK)

    def step(self, inputs: Inputs, now: int) -> Outputs:
        """Publish the time, and what is due."""
        self._now = now
        self._made = self._made or now
        if not self._started:
            if not self._is_heard() and now - self._made < _PATIENCE:
                return ()
            self._started = now
        time = self._time(now)
        due = list(self._due(time))
        if self._next is None and time - self.reached > _LEAD_OUT and not self.is_done:
            self.is_done = True
            self.ended()
        return [(CLOCK.name, Clock(clock=to_time(time))), *due]

    def _is_heard(self) -> bool:
        """Tell whether somebody reads each topic."""
        return all(self.has_reader(port.name) for port in (CLOCK, *self._ports.values()))

    def _time(self, now: int) -> int:
        """Return the time of the recording [ns]."""
        return self.begin - _LEAD_IN + round((now - self._started) * self._rate)

    def _due(self, time: int) -> Iterable[tuple[str, Message]]:
        while self._next is not None and self._next.time <= time:
            record, self._next = self._next, next(self._records, None)
            self.reached = record.time
            port = self._ports.get(record.topic.name)
            if port is None:
                continue
            try:
                message = messages.deserialize(record.data, messages.get(port.type))
            except messages.MessageError as error:
                self._problems.note(f"play {port.topic}", f"{port.topic}: {error}: left out")
                continue
            self.count += 1
            yield port.name, message
