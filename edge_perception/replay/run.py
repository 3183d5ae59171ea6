"""One bag through the robot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
import time

from edge_perception.bags.bag import Bag
from edge_perception.bags.record import Topic
from edge_perception.bags.writer import BagWriter
from edge_perception.core.stamps import SECOND
from edge_perception.environment import this_machine
from edge_perception.nodes import base
from edge_perception.replay.sources import Cast
from edge_perception.transport.bag.replay import BAG, replay
from edge_perception.transport.bag.scheduler import Listen
from edge_perception.transport.local.bus import End


@dataclass(frozen=True)
class Playing:
    """
    How a bag is played.

    :ivar rate: times real time; 0: as fast as possible.
    :ivar measured: let steps take the time that they take on this machine.
    :ivar out: the bag for what the nodes publish; None: it isn't kept.
    """

    rate: float = 0.0
    measured: bool = False
    out: Path | None = None


@dataclass
class Played:
    """
    What became of it.

    :ivar begin: time of the first message [ns].
    :ivar end: time of the last one that was played [ns].
    :ivar messages: of the bag.
    :ivar published: by the nodes: how many, by topic.
    :ivar wall: seconds that it took.
    :ivar problems: of the bag, a sentence each.
    :ivar whole: whether it was played to its end.
    """

    begin: int = 0
    end: int = 0
    messages: int = 0
    published: dict[str, int] = field(default_factory=dict)
    wall: float = 0.0
    problems: tuple[str, ...] = ()
    whole: bool = True

    @property
    def seconds(self) -> float:
        """Return the length of what was played."""
        return (self.end - self.begin) / SECOND


class _Audience:
    """Tells others of all that is published; what the nodes publish it counts and keeps."""

    def __init__(
        self, listeners: Sequence[Listen], counts: dict[str, int], writer: BagWriter | None
    ) -> None:
        """
        Begin to listen.

        :param counts: of messages, by topic.
        :param writer: of the bag in which they are kept; None: they aren't.
        """
        self._listeners, self._counts, self._writer = listeners, counts, writer
        self._topics: dict[tuple[str, str], Topic] = {}

    def listen(self, moment: int, end: End, data: bytes) -> None:
        """Take a message: a `Listen`."""
        for listener in self._listeners:
            listener(moment, end, data)
        if end.node == BAG:
            return
        self._counts[end.topic] = self._counts.get(end.topic, 0) + 1
        if self._writer is not None:
            topic = self._topics.setdefault((end.topic, end.type), Topic(end.topic, end.type))
            self._writer.write(moment, topic, data)


def play(
    bag: Bag,
    parts: Cast,
    playing: Playing,
    *,
    listeners: Sequence[Listen] = (),
    progress: Callable[[int], None] = lambda moment: None,
    wait: Callable[[float], bool] = lambda seconds: False,
) -> Played:
    """
    Play a bag.

    :param listeners: are told of all that is published, by the nodes and from the bag.
    :param progress: is told the time of the bag [ns].
    :param wait: waits so many seconds; returns whether to stop, and what was done is kept.
    :raises BagError: if the bag can't be read, or the results not be written.
    :raises ReplayError: if a node can't be started.
    """
    played = Played()
    began = time.monotonic()
    with ExitStack() as opened:
        writer: BagWriter | None = None
        if playing.out:
            writer = opened.enter_context(BagWriter(playing.out, _facts(bag, parts, playing)))
        moments = replay(
            bag,
            parts.starts,
            lambda kind, environment: base.find(kind).make_core(environment),
            this_machine(),
            _Audience(listeners, played.published, writer).listen,
            measured=playing.measured,
            names=parts.names,
        )
        opened.enter_context(closing(moments))
        for moment in moments:
            played.begin = played.begin or moment
            played.end = moment
            played.messages += 1
            progress(moment)
            ahead = 0.0
            if playing.rate:
                ahead = played.seconds / playing.rate - (time.monotonic() - began)
            if wait(max(0.0, ahead)):
                played.whole = False
                break
    played.wall = time.monotonic() - began
    played.problems = tuple(bag.problems)
    return played


def _facts(bag: Bag, parts: Cast, playing: Playing) -> Mapping[str, str]:
    """Return what the results say of themselves: where the inputs are, and who made them."""
    return {
        "made by": "edge-robot replay",
        "inputs": "\n".join(str(file.resolve()) for file in bag.files),
        "nodes": ", ".join(start.name for start in parts.starts),
        "from the bag": ", ".join(f"{node}: {topic}" for node, topic in parts.recorded.items()),
        "clock": "measured" if playing.measured else "bag",
    }
