"""
The messages of a bag at the times of their stamps, where these are of another clock.

A robot in a simulation is recorded by the clock of the machine, which has nothing to do with the
stamps: they begin elsewhere, and go on as fast as the simulation does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
import struct

from edge_perception import messages
from edge_perception.bags.record import Record
from edge_perception.core.stamps import SECOND

FAR = 10 * SECOND
"""Between the stamp of a message and when it was recorded, they are of different clocks [ns]."""
_SAMPLE = 1000  # messages


def stamp_of(record: Record) -> int:
    """Return the stamp of a message [ns]; 0 if its type has no header, or isn't known."""
    try:
        fields = messages.get(record.topic.type).__slots__
    except messages.MessageError:
        return 0
    if fields[:1] != ("header",) or len(record.data) < 12:
        return 0
    order = "<" if record.data[1] & 1 else ">"
    seconds, nanoseconds = struct.unpack_from(f"{order}iI", record.data, 4)
    return int(seconds * SECOND + nanoseconds)


def timed_by(records: Iterable[Record]) -> str:
    """
    Return the topic whose stamps tell the time better than the recording does.

    :returns: that of most messages; empty if any message is stamped near to when it was recorded,
        or none is stamped.
    """
    counts: Counter[str] = Counter()
    for record in islice(records, _SAMPLE):
        stamp = stamp_of(record)
        if stamp and abs(stamp - record.time) <= FAR:
            return ""
        counts[record.topic.name] += bool(stamp)
    return max(counts, key=lambda name: counts[name]) if counts.total() else ""


def at_stamps(records: Iterable[Record], topic: str) -> Iterator[Record]:
    """
    Yield messages in their order, with times that never go back.

    :param topic: whose messages get the times of their stamps; what comes between two of them is
        as long after the first as it was recorded. What comes before the first is left out.
    """
    apart, reached = None, 0
    for record in records:
        if record.topic.name == topic and (stamp := stamp_of(record)):
            apart = record.time - stamp
        if apart is not None:
            reached = max(reached, record.time - apart)
            yield record._replace(time=reached)
