"""Let a robot's nodes live through a recording."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain

from edge_perception import messages
from edge_perception.bags.bag import Bag
from edge_perception.bags.record import Record, Topic
from edge_perception.core.environment import Environment
from edge_perception.core.node import NodeCore
from edge_perception.core.stamps import SECOND
from edge_perception.messages.types import DiagnosticArray
from edge_perception.robot.plan import Start
from edge_perception.transport import diagnostics
from edge_perception.transport.bag.clock import BagClock
from edge_perception.transport.bag.endpoints import BagEndpoints
from edge_perception.transport.bag.environment import without_devices
from edge_perception.transport.bag.scheduler import BagBus, Listen, Scheduler
from edge_perception.transport.local.bus import End
from edge_perception.transport.local.speaker import Speaker
from edge_perception.transport.shell import CHECK_PERIOD, Shell

BAG = "/bag"
"""Who publishes what is in the recording."""


class ReplayError(Exception):
    """A node can't be started: which, why, what to do, in one sentence."""


class _Watch:
    """Publishes the diagnostics of nodes, which are looked at as often as on every transport."""

    def __init__(self, clock: BagClock, bus: BagBus, shells: Sequence[Shell]) -> None:
        self._clock = clock
        self._due = clock.now()
        self._nodes = [(shell, Speaker(bus, shell.name, clock)) for shell in shells]

    def due(self) -> int:
        """Return when the next look is due."""
        return self._due

    def run(self) -> None:
        """Look at all nodes."""
        for shell, speaker in self._nodes:
            speaker.publish(shell.diagnose(), shell.core.hardware)
        self._due = self._clock.now() + round(CHECK_PERIOD * SECOND)


class _Feed:
    """Publishes what is recorded, except for what the nodes say themselves."""

    def __init__(self, bus: BagBus, topics: Iterable[Topic], names: Mapping[str, str]) -> None:
        self._bus, self._names = bus, names
        self._spoken = {end.topic for end in bus.publishers() if end.topic != diagnostics.TOPIC}
        self._own = tuple(f"{end.node.lstrip('/')}: " for end in bus.publishers())
        self._ends: dict[str, End | None] = {}
        for topic in topics:
            self._end(topic)

    def give(self, record: Record) -> None:
        """Publish a message."""
        end, data = self._end(record.topic), record.data
        if end is not None and end.topic == diagnostics.TOPIC:
            data = self._of_others(data)
        if end is not None and data:
            self._bus.publish(end, data)

    def _end(self, topic: Topic) -> End | None:
        """Return what a topic becomes; None if a node publishes it anew."""
        if topic.name not in self._ends:
            name = self._names.get(topic.name, topic.name)
            end = None if name in self._spoken else End(BAG, name, topic.type)
            self._ends[topic.name] = end
            if end is not None:
                self._bus.advertise(end)
        return self._ends[topic.name]

    def _of_others(self, data: bytes) -> bytes:
        """Return diagnostics without those of nodes that speak for themselves; empty: all were."""
        try:
            report = messages.deserialize(data, DiagnosticArray)
        except messages.MessageError:
            return b""
        status = [one for one in report.status if not one.name.startswith(self._own)]
        if not status:
            return b""
        return messages.serialize(DiagnosticArray(header=report.header, status=status))


def replay(
    bag: Bag,
    starts: Sequence[Start],
    make_core: Callable[[str, Environment], NodeCore],
    environment: Environment,
    listen: Listen,
    *,
    measured: bool = False,
    names: Mapping[str, str] | None = None,
) -> Generator[int, None, None]:
    """
    Let nodes live through a recording, as fast as they can.

    Nothing in it depends on the time of this machine, unless it is measured: the same recording,
    nodes and parameters publish the same bytes at the same times. Who stops to iterate ends it.

    :param starts: the nodes, in the order in which they are to be started.
    :param make_core: makes the core of a kind of node in an environment.
    :param environment: this machine's; of it, nodes get models and files, but no devices.
    :param listen: is told of all that is published, by the nodes and from the bag.
    :param measured: let steps take the time that they take here.
    :param names: the topics of the robot by those of the bag, where they differ.
    :returns: the time of each message, when everything before it has happened.
    :raises BagError: if the bag can't be read at all.
    :raises ReplayError: if a node can't be started.
    """
    records = bag.records()
    first = next(records, None)
    if first is None:
        return
    clock = BagClock(first.time, measured)
    bus = BagBus(clock, listen)
    scheduler = Scheduler(clock, bus)
    own = replace(without_devices(environment), monotonic=clock.monotonic_ns)
    shells = [
        Shell(
            partial(make_core, start.kind, own),
            BagEndpoints(bus, start, clock),
            scheduler.worker,
        )
        for start in starts
    ]
    scheduler.tasks.append(_Watch(clock, bus, shells))
    try:
        if not all(shell.configure() for shell in shells):
            problem = next(one for shell in shells if (one := shell.condition.problem))
            raise ReplayError(problem)
        feed = _Feed(bus, bag.topics(), names or {})
        for shell in shells:
            shell.activate()
        for record in chain([first], records):
            scheduler.advance(record.time)
            yield record.time
            feed.give(record)
            scheduler.settle()
    finally:
        for shell in reversed(shells):
            shell.clean_up()
