"""One bag through the robot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
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
    writer: BagWriter | None = None
    topics: dict[tuple[str, str], Topic] = {}

    def listen(moment: int, end: End, data: bytes) -> None:
        for one in listeners:
            one(moment, end, data)
        if end.node == BAG:
            return
        played.published[end.topic] = played.published.get(end.topic, 0) + 1
        if writer is not None:
            topic = topics.setdefault((end.topic, end.type), Topic(end.topic, end.type))
            writer.write(moment, topic, data)

    began = time.monotonic()
    moments = replay(
        bag,
        parts.starts,
        lambda kind, environment: base.find(kind).make_core(environment),
        this_machine(),
        listen,
        measured=playing.measured,
        names=parts.names,
    )
    with ExitStack() as opened:
        if playing.out:
            writer = opened.enter_context(BagWriter(playing.out, _facts(bag, parts, playing)))
        opened.callback(moments.close)  # type: ignore[attr-defined]
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
