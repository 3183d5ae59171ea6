"""Messages in the order of their times, however they lie in a bag."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import heapq

from edge_perception.bags.record import Problems, Record
from edge_perception.core.stamps import SECOND

WINDOW = SECOND
"""By how much a message may lie behind its place [ns]."""
LEAP = 3600 * SECOND
"""What goes further from its neighbours than this is a wrong time, unless the next goes along."""


def in_order(records: Iterable[Record], problems: Problems) -> Iterator[Record]:
    """
    Yield messages by their times; those of the same time as they came.

    No more is held in memory than a second of the bag. What comes later than that is left out and
    noted, as is a single message whose time has nothing to do with that of its neighbours.
    """
    waiting: list[tuple[int, int, Record]] = []
    reached = None
    for number, record in enumerate(_plausible(records, problems)):
        if reached is not None and record.time < reached:
            behind = (reached - record.time) / SECOND
            problems.note(
                "back",
                f"time goes back by {behind:.3f} s at a message of {record.topic.name}: what is "
                f"more than {WINDOW / SECOND:g} s late is left out",
            )
            continue
        heapq.heappush(waiting, (record.time, number, record))
        while record.time - waiting[0][0] >= WINDOW:
            reached, _, first = heapq.heappop(waiting)
            yield first
    while waiting:
        yield heapq.heappop(waiting)[2]


def _plausible(records: Iterable[Record], problems: Problems) -> Iterator[Record]:
    """Leave out messages whose time is far from that of those before and after them."""
    newest: Record | None = None
    odd: Record | None = None
    for record in records:
        if newest is not None and abs(record.time - newest.time) <= LEAP:
            if odd is not None:
                _note(odd, problems)
                odd = None
        elif odd is not None and abs(record.time - odd.time) <= LEAP:
            if newest is not None:
                hours = (odd.time - newest.time) / 3600 / SECOND
                problems.note("leap", f"time leaps by {hours:.1f} hours at {odd.topic.name}")
            yield odd
            odd = None
        else:
            if odd is not None:
                _note(odd, problems)
            odd = record
            continue
        newest = record
        yield record
    if odd is not None and newest is None:
        yield odd
    elif odd is not None:
        _note(odd, problems)


def _note(record: Record, problems: Problems) -> None:
    problems.note(
        "time",
        f"a message of {record.topic.name} has the time {record.time}, far from those around it: "
        "left out",
    )
