"""Spans of time, and what is true in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

Interval = tuple[float, float]
"""From when to when [s]."""


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the same spans in the order of time, none touching another."""
    found: list[Interval] = []
    for begin, end in sorted(intervals):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def true_in(changes: Sequence[tuple[float, bool]], end: float) -> list[Interval]:
    """
    Return when something was true.

    :param changes: what it was from when on, in the order of time.
    :param end: until when the last one holds.
    """
    ends = [time for time, _ in changes[1:]] + [end]
    spans = zip(changes, ends, strict=True)
    return merged((begin, until) for (begin, value), until in spans if value)


def overlap(one: Iterable[Interval], other: Sequence[Interval]) -> float:
    """Return for how long both are true [s]; each is in order, without overlaps of its own."""
    return sum(
        max(0.0, min(end, until) - max(begin, since))
        for begin, end in one
        for since, until in other
    )


def length(intervals: Iterable[Interval]) -> float:
    """Return how long they are together [s]."""
    return sum(end - begin for begin, end in intervals)


def outside(intervals: Sequence[Interval], end: float) -> list[Interval]:
    """Return what is between spans, from 0 to an end."""
    edges = [0.0, *(edge for interval in intervals for edge in interval), end]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [(begin, min(until, end)) for begin, until in pairs if min(until, end) > begin]


def contains(intervals: Iterable[Interval], time: float) -> bool:
    """Tell whether a time is in one of them."""
    return any(begin <= time <= end for begin, end in intervals)


def delays(required: Sequence[Interval], given: Sequence[Interval], end: float) -> Iterator[float]:
    """
    Yield how long after the begin of each required span a given one begins, if it isn't on.

    A span in which none begins has its own length: so long it was missing.

    :param end: what is required after it isn't asked for.
    """
    for begin, until in required:
        if begin < end:
            until = min(until, end)
            starts = [max(since, begin) for since, last in given if last > begin and since < until]
            yield (min(starts) if starts else until) - begin
