"""What is in a bag: read from its begin to its end."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_perception import messages
from edge_perception.bags.bag import Bag
from edge_perception.bags.definitions import difference
from edge_perception.bags.order import in_order
from edge_perception.bags.record import Problems, Record, Topic
from edge_perception.bags.stamp_time import FAR
from edge_perception.core.stamps import nanoseconds, SECOND


@dataclass
class TopicSummary:
    """
    The messages of a topic.

    :ivar size: of all [bytes].
    :ivar first: when the first was recorded [ns].
    :ivar last: when the last was [ns].
    """

    topic: Topic
    count: int = 0
    size: int = 0
    first: int = 0
    last: int = 0

    @property
    def rate(self) -> float:
        """Return messages a second."""
        return (self.count - 1) * SECOND / (self.last - self.first) if self.count > 1 else 0.0


@dataclass
class Summary:
    """
    What is in a bag.

    :ivar topics: by their names, in the order of their first messages.
    :ivar facts: what the bag says of itself.
    :ivar problems: what is wrong with it.
    """

    topics: dict[str, TopicSummary] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    problems: Problems = field(default_factory=Problems)

    @property
    def seconds(self) -> float:
        """Return how long it is."""
        found = [one for one in self.topics.values() if one.count]
        if not found:
            return 0.0
        return (max(one.last for one in found) - min(one.first for one in found)) / SECOND


def summarise(bag: Bag) -> Summary:
    """
    Read a bag to its end.

    :raises BagError: if it can't be read at all.
    """
    found = Summary({topic.name: TopicSummary(topic) for topic in bag.topics()})
    for record in in_order(bag.raw(), bag.problems):
        topic = found.topics.setdefault(record.topic.name, TopicSummary(record.topic))
        topic.first = topic.first if topic.count else record.time
        topic.last = record.time
        topic.count += 1
        topic.size += len(record.data)
        _check(record, bag.problems)
    found.facts, found.problems = bag.facts(), bag.problems
    return found


def _check(record: Record, problems: Problems) -> None:
    """Note what is wrong with a message of a type that is known."""
    topic = record.topic
    if topic.encoding != "cdr" or difference(topic.type, topic.definition):
        return
    try:
        message = messages.deserialize(record.data, messages.get(topic.type))
    except messages.MessageError as error:
        problems.note(f"bytes {topic.name}", f"a message of {topic.name} can't be read: {error}")
        return
    header = getattr(message, "header", None)
    stamp = nanoseconds(header.stamp) if header is not None else record.time
    if not stamp:
        problems.note(f"stamp {topic.name}", f"{topic.name} carries no time (header.stamp is 0)")
    elif abs(stamp - record.time) > FAR:
        apart = (stamp - record.time) / SECOND
        problems.note(
            f"stamp {topic.name}",
            f"{topic.name} is stamped {apart:+.1f} s from when it was recorded: by another clock",
        )
